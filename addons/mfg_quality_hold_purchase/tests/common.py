from odoo import Command

from odoo.addons.mfg_quality_hold.tests.common import HoldCase


class PurchaseCase(HoldCase):
    """The small plant with a chart of accounts, a vendor, a buyer and an accountant."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        world = cls.world
        cls.env["account.chart.template"].try_loading(
            "generic_coa", company=world.company, install_demo=False
        )
        world.users["acc"] = world.user(
            "acc", "account.group_account_user,account.group_account_manager"
        )
        world.users["buyer"] = world.user(
            "buyer", "purchase.group_purchase_user,account.group_account_readonly"
        )
        cls.vendor = cls.env["res.partner"].create({"name": "Vendor of Holds"})
        cls.bank = cls.journal("bank")

    @classmethod
    def journal(cls, kind):
        return cls.env["account.journal"].search(
            [("type", "=", kind), ("company_id", "=", cls.world.company.id)], limit=1
        )

    def buy(self, *lines, currency=None):
        """A confirmed purchase order of (product, quantity, price)."""
        order = self.env["purchase.order"].create(
            {
                "partner_id": self.vendor.id,
                "company_id": self.world.company.id,
                "currency_id": (currency or self.world.company.currency_id).id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": product.id,
                            "product_qty": quantity,
                            "price_unit": price,
                            "taxes_id": False,
                        }
                    )
                    for product, quantity, price in lines
                ],
            }
        )
        order.button_confirm()
        return order

    def receive(self, order, lots=None):
        """Receive all that is open; ``lots`` is {product: [(lot, quantity)]}."""
        picking = order.picking_ids.filtered(lambda record: record.state != "done")
        for move in picking.move_ids:
            receipts = (lots or {}).get(move.product_id) or [(None, move.product_qty)]
            move.move_line_ids.unlink()
            move.move_line_ids = [
                Command.create(
                    {
                        "product_id": move.product_id.id,
                        "product_uom_id": move.product_id.uom_id.id,
                        "lot_id": lot and lot.id,
                        "quantity": quantity,
                        "picking_id": picking.id,
                        "location_id": move.location_id.id,
                        "location_dest_id": self.world.shelf.id,
                    }
                )
                for lot, quantity in receipts
            ]
        picking.move_ids.picked = True
        picking.with_context(skip_backorder=True).button_validate()
        self.assertEqual(picking.state, "done")
        return picking

    def bill(self, order, post=True, quantities=None):
        """The bill of what is to be billed, as the accountant posts it.

        :param dict quantities: {product: quantity} to charge instead
        """
        order.invalidate_recordset()
        before = order.invoice_ids
        order.action_create_invoice()
        bill = order.invoice_ids - before
        bill.invoice_date = "2024-05-02"
        for product, quantity in (quantities or {}).items():
            bill.invoice_line_ids.filtered(
                lambda line, product=product: line.product_id == product
            ).quantity = quantity
        bill = self.as_user(bill, "acc")
        if post:
            bill.action_post()
        return bill

    def received(self, quantity=100, price=2, lot_name="R", currency=None):
        """(order, lot) of one received product."""
        lot = self.world.lot(self.part, lot_name)
        order = self.buy((self.part, quantity, price), currency=currency)
        self.receive(order, {self.part: [(lot, quantity)]})
        return order, lot

    def register(self, bills, amount=None, **values):
        """Pay in the dialog as the accountant; returns the payments."""
        action = bills.action_register_payment()
        wizard = self.as_user(self.env[action["res_model"]], "acc").with_context(
            **action["context"]
        )
        if amount is not None:
            values["amount"] = amount
        return wizard.create(values)._create_payments()
