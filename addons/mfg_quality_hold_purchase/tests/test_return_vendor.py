from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import PurchaseCase


@tagged("post_install", "-at_install")
class TestReturnVendor(PurchaseCase):
    """Rejected goods go back, and the vendor credits what was charged for them."""

    def send_back(self, disposition):
        picking = disposition.picking_ids
        picking.move_ids.picked = True
        self.as_user(picking, "stk").button_validate()
        self.assertEqual(picking.state, "done")
        return picking

    def test_qh_20_credit_note_in_the_currency_of_the_order(self):
        currency = self.env["res.currency"].create(
            {
                "name": "QHC",
                "symbol": "Q",
                "rate_ids": [
                    Command.create(
                        {
                            "rate": 2,
                            "company_id": self.world.company.id,
                            "name": "2020-1-1",
                        }
                    )
                ],
            }
        )
        order, lot = self.received(100, price=3, currency=currency)
        bill = self.bill(order)
        hold = self.world.hold(lot, 40)
        disposition = self.world.decide(hold, "return_vendor")
        picking = disposition.picking_ids
        self.assertEqual(picking.partner_id, self.vendor)
        self.assertEqual(picking.move_ids.product_uom_qty, 40)
        self.assertEqual(picking.move_ids.purchase_line_id, order.order_line)
        self.assertFalse(disposition.credit_note_ids)
        self.send_back(disposition)
        self.assertEqual(order.order_line.qty_received, 60)
        note = disposition.credit_note_ids
        self.assertEqual((note.move_type, note.state), ("in_refund", "draft"))
        self.assertEqual(note.currency_id, currency)
        self.assertEqual(note.company_id, self.world.company)
        self.assertEqual(note.partner_id, self.vendor)
        self.assertEqual((note.invoice_line_ids.quantity, note.amount_total), (40, 120))
        self.assertEqual(disposition.state, "done")
        self.assertEqual(hold.state, "closed")
        # What went back is not paid for, until the credit note is posted.
        bill.invalidate_recordset()
        self.assertEqual(bill.quality_payable_amount, 180)
        with self.assertRaises(UserError), self.cr.savepoint():
            self.register(bill, 300)
        note = self.as_user(note, "acc")
        note.invoice_date = "2024-05-05"
        note.action_post()
        bill.invalidate_recordset()
        self.assertFalse(bill.is_quality_blocked)
        self.assertEqual(bill.amount_residual, 180)
        self.register(bill)
        self.assertIn(bill.payment_state, ("paid", "in_payment"))

    def test_qh_20_whole_lot_goes_back(self):
        order, lot = self.received(10)
        self.bill(order)
        hold = self.world.hold(lot)
        disposition = self.world.decide(hold, "return_vendor")
        self.send_back(disposition)
        self.assertEqual(self.world.on_hand(self.part, lot), 0)
        self.assertEqual(hold.state, "closed")
        self.assertEqual(disposition.credit_note_ids.amount_total, 20)
        self.assertEqual(order.order_line.qty_to_invoice, 0)

    def test_qh_20_goods_that_were_not_billed_need_no_credit(self):
        order, lot = self.received(10)
        hold = self.world.hold(lot)
        disposition = self.world.decide(hold, "return_vendor", {hold.line_ids: 4})
        self.send_back(disposition)
        self.assertFalse(disposition.credit_note_ids)
        self.assertEqual(order.order_line.qty_to_invoice, 6)
        bill = self.bill(order)
        self.assertEqual(bill.amount_total, 12)
        # The six that stayed are on hold still.
        self.assertEqual(bill.quality_blocked_amount, 12)

    def test_qh_20_price_of_the_bill_comes_back(self):
        order, lot = self.received(10, price=2)
        bill = self.bill(order, post=False)
        bill.invoice_line_ids.price_unit = 2.5
        bill.action_post()
        disposition = self.world.decide(self.world.hold(lot), "return_vendor")
        self.send_back(disposition)
        self.assertEqual(disposition.credit_note_ids.amount_total, 25)
        self.assertEqual(disposition.credit_note_ids.reversed_entry_id, bill)

    def test_qh_20_goes_back_on_the_order_of_that_vendor(self):
        first, lot = self.received(10)
        other = self.env["res.partner"].create({"name": "Other Vendor"})
        own, self.vendor = self.vendor, other
        order = self.buy((self.part, 5, 9))
        self.receive(order, {self.part: [(lot, 5)]})
        hold = self.world.hold(lot)
        disposition = self.world.decide(
            hold, "return_vendor", {hold.line_ids: 3}, vendor_id=own.id
        )
        move = disposition.picking_ids.move_ids
        self.assertEqual(move.purchase_line_id, first.order_line)
