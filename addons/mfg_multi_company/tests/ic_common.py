from odoo import Command

from .common import GroupCase
from .world import PLANTS

ACCOUNTING = "account.group_account_manager"


class IntercompanyCase(GroupCase):
    """B sells to A; both have books, people, and service users of their own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        world = cls.world
        chart = cls.env["account.chart.template"]
        for company in world.companies.values():
            chart.try_loading("generic_coa", company=company, install_demo=False)
        world.user("seller", f"{PLANTS}configure,{ACCOUNTING}", "b")
        world.user("buyer", f"{PLANTS}user,{ACCOUNTING}", "a")
        world.user("apr_b", PLANTS + "approve", "b")
        world.user("finance_b", f"{PLANTS}transfer_price,{ACCOUNTING}", "b")
        world.user(
            "outsider",
            f"{PLANTS}configure,{PLANTS}transfer_price,{ACCOUNTING},base.group_allow_export",
            "c",
        )
        for key in "abc":
            world.user(f"service_{key}", ACCOUNTING, key)

    @classmethod
    def draft_agreement(cls, seller="b", buyer="a", by="conf", **values):
        """A complete draft, in the environment of who prepared it."""
        world = cls.world
        agreement = world.env_of(by)["mfg.ic.agreement"].create(
            {
                "seller_company_id": world.companies[seller].id,
                "buyer_company_id": world.companies[buyer].id,
                "date_from": "2020-01-01",
                **values,
            }
        )
        owners = {"a": "buyer", "b": "seller", "c": "outsider"}
        # Each side's own people complete it; here they are known beforehand.
        for row in agreement.sudo().side_ids:
            key = next(k for k, c in world.companies.items() if c == row.company_id)
            row.owner_id = world.users[owners[key]]
            row.service_user_id = world.users[f"service_{key}"]
        agreement.invalidate_recordset()
        return agreement

    @classmethod
    def agreement(cls, **values):
        """An agreement in force."""
        agreement = cls.draft_agreement(**values)
        agreement.action_propose()
        cls.as_user(agreement, "apr_b").action_approve()
        cls.as_user(agreement, "apr1").action_approve()
        return agreement

    # -- documents ---------------------------------------------------------------------

    @classmethod
    def item(cls, **values):
        """A product of the group, with the usual taxes of each company."""
        companies = list(cls.world.companies.values())
        return cls.env["product.product"].create(
            {
                "name": "Shaft",
                "detailed_type": "consu",
                "taxes_id": [
                    Command.set(
                        [company.account_sale_tax_id.id for company in companies]
                    )
                ],
                "supplier_taxes_id": [
                    Command.set(
                        [company.account_purchase_tax_id.id for company in companies]
                    )
                ],
                **values,
            }
        )

    @classmethod
    def invoice(cls, *lines, by="seller", **values):
        """A draft invoice of B to A, as :meth:`invoice_values`."""
        moves = cls.world.env_of(by)["account.move"]
        return moves.create(cls.invoice_values(*lines, **values))

    @classmethod
    def invoice_values(cls, *lines, to="a", **values):
        """What it is made of; lines as (product or text, quantity, price, values)."""
        rows = []
        for what, quantity, price, *more in lines:
            row = {
                "quantity": quantity,
                "price_unit": price,
                **(more[0] if more else {}),
            }
            if isinstance(what, str):
                row["name"] = what
            else:
                row["product_id"] = what.id
            rows.append(Command.create(row))
        return {
            "move_type": "out_invoice",
            "partner_id": cls.world.companies[to].partner_id.id,
            "invoice_date": "2026-03-10",
            "invoice_line_ids": rows,
            **values,
        }

    def bill_of(self, invoice):
        """The bill at the buyer, in the environment of the buyer's accountant."""
        links = self.env["mfg.ic.link"]._of_documents(invoice)
        return links._mirror_document(self.world.env_of("buyer"))

    def exceptions(self, **values):
        """Open exceptions, as the owner at the buyer sees them."""
        domain = [(name, "=", value) for name, value in values.items()]
        return self.world.env_of("buyer")["mfg.ic.exception"].search(
            [("state", "=", "open"), *domain]
        )

    @classmethod
    def tax(cls, company, amount, use):
        return cls.env["account.tax"].create(
            {
                "name": f"{amount} % {use}",
                "amount": amount,
                "type_tax_use": use,
                "company_id": cls.world.companies[company].id,
                "country_id": cls.world.companies[company].account_fiscal_country_id.id,
            }
        )
