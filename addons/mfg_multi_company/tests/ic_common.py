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
        world.user("outsider", f"{PLANTS}configure,{PLANTS}transfer_price,{ACCOUNTING}", "c")
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
        return agreement

    @classmethod
    def agreement(cls, **values):
        """An agreement in force."""
        agreement = cls.draft_agreement(**values)
        agreement.action_propose()
        cls.as_user(agreement, "apr_b").action_approve()
        cls.as_user(agreement, "apr1").action_approve()
        return agreement
