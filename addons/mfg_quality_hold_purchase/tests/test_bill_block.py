from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from .common import PurchaseCase


@tagged("post_install", "-at_install")
class TestBillBlock(PurchaseCase):
    """What quality has not accepted is not paid, by whatever door the money leaves."""

    def refused(self):
        return self.assertRaisesRegex(UserError, "Payment blocked: quality")

    def fresh(self, bill):
        """The bill as the next request reads it."""
        bill.invalidate_recordset()
        return bill

    def payment(self, amount):
        """A posted vendor payment that names no bill."""
        payment = self.as_user(self.env["account.payment"], "acc").create(
            {
                "payment_type": "outbound",
                "partner_type": "supplier",
                "partner_id": self.vendor.id,
                "amount": amount,
                "journal_id": self.bank.id,
            }
        )
        payment.action_post()
        return payment

    def payable(self, move):
        return move.line_ids.filtered(
            lambda line: line.account_id.account_type == "liability_payable"
        )

    def statement_line(self, amount):
        """A line of a bank statement, its counterpart on the vendor's account."""
        line = self.as_user(self.env["account.bank.statement.line"], "acc").create(
            {
                "journal_id": self.bank.id,
                "payment_ref": "Transfer to the vendor",
                "partner_id": self.vendor.id,
                "amount": -amount,
                "date": "2024-05-03",
            }
        )
        suspense = line._seek_for_lines()[1]
        suspense.account_id = self.vendor.with_company(
            self.world.company
        ).property_account_payable_id
        return line

    def test_qh_23_no_door_pays_for_held_goods(self):
        order, lot = self.received()
        bill = self.bill(order)
        hold = self.world.hold(lot)
        self.assertTrue(self.fresh(bill).is_quality_blocked)
        self.assertEqual(bill.quality_blocked_amount, 200)
        self.assertEqual(bill.quality_payable_amount, 0)
        self.assertEqual(bill.quality_hold_names, hold.name)
        with self.refused(), self.cr.savepoint():
            bill.action_register_payment()
        context = {"active_model": "account.move", "active_ids": bill.ids}
        wizards = self.as_user(self.env["account.payment.register"], "acc")
        with self.refused(), self.cr.savepoint():
            wizards.with_context(**context).create({"amount": 10})._create_payments()
        payment = self.payment(200)
        with self.refused(), self.cr.savepoint():
            bill.js_assign_outstanding_line(self.payable(payment.move_id).id)
        statement_line = self.statement_line(200)
        lines = self.payable(statement_line.move_id) + self.payable(bill)
        with self.refused(), self.cr.savepoint():
            lines.reconcile()
        values = {
            "credit_move_id": self.payable(bill).id,
            "debit_move_id": self.payable(payment.move_id).id,
            "amount": 200,
        }
        matches = self.as_user(self.env["account.partial.reconcile"], "acc")
        with self.refused(), self.cr.savepoint():
            matches.create(values)
        self.assertEqual(self.fresh(bill).payment_state, "not_paid")
        self.world.decide(hold, "release")
        self.assertFalse(self.fresh(bill).is_quality_blocked)
        lines.reconcile()
        self.assertEqual(bill.payment_state, "paid")

    def test_qh_23_accepted_part_may_be_paid(self):
        order, lot = self.received()
        bill = self.bill(order)
        hold = self.world.hold(lot, 60)
        self.assertEqual(self.fresh(bill).quality_blocked_amount, 120)
        with self.refused(), self.cr.savepoint():
            self.register(bill, 80.01)
        self.register(bill)  # the dialog proposes what may be paid
        self.assertEqual(self.fresh(bill).amount_residual, 120)
        self.assertEqual(bill.quality_payable_amount, 0)
        with self.refused(), self.cr.savepoint():
            self.register(bill, 1)
        match = self.payable(bill).matched_debit_ids
        with self.refused(), self.cr.savepoint():
            match.write({"amount": 200, "credit_amount_currency": 200})
        self.world.decide(hold, "use_as_is", {hold.line_ids: 35})
        self.assertEqual(self.fresh(bill).quality_payable_amount, 70)
        statement_line = self.statement_line(70)
        (self.payable(statement_line.move_id) + self.payable(bill)).reconcile()
        self.assertEqual(self.fresh(bill).amount_residual, 50)
        self.assertEqual(bill.payment_state, "partial")

    def test_qh_23_payment_that_was_set_back_is_not_posted_again(self):
        order, lot = self.received()
        bill = self.bill(order)
        payment = self.register(bill)
        self.assertEqual(payment.quality_bill_ids, bill)
        payment.action_draft()
        self.world.hold(lot)
        with self.refused(), self.cr.savepoint():
            payment.action_post()
        self.assertEqual(payment.state, "draft")

    def test_qh_23_posting_is_refused_where_the_company_wants_that(self):
        self.world.company.quality_bill_policy = "block_posting"
        order, lot = self.received()
        hold = self.world.hold(lot, 40)
        bill = self.bill(order, post=False)
        with self.assertRaisesRegex(UserError, hold.name), self.cr.savepoint():
            bill.action_post()
        with Form(bill) as form, form.invoice_line_ids.edit(0) as line:
            line.quantity = 60
        bill.action_post()
        self.assertEqual(bill.state, "posted")
        self.register(bill)
        self.assertIn(bill.payment_state, ("paid", "in_payment"))

    def test_qh_23_warning_and_off_let_pay(self):
        for policy, shown in (("warn", True), ("off", False)):
            with self.subTest(policy):
                self.world.company.quality_bill_policy = policy
                order, lot = self.received(lot_name=policy)
                bill = self.bill(order)
                self.world.hold(lot)
                self.assertEqual(self.fresh(bill).is_quality_blocked, shown)
                self.register(bill)
                self.assertIn(bill.payment_state, ("paid", "in_payment"))

    def test_qh_23_earlier_bill_of_accepted_goods_is_free(self):
        order, lot = self.received(60)
        first = self.bill(order)
        order.order_line.product_qty = 100
        late = self.world.lot(self.part, "LATE")
        self.receive(order, {self.part: [(late, 40)]})
        second = self.bill(order)
        self.world.hold(late)
        self.assertFalse(self.fresh(first).is_quality_blocked)
        self.assertEqual(self.fresh(second).quality_blocked_amount, 80)
        self.register(first)
        with self.refused(), self.cr.savepoint():
            self.register(second)

    def test_qh_23_held_goods_without_a_lot(self):
        bolt = self.world.product("Bolt", tracking="none")
        suspect, sound = self.buy((bolt, 100, 1)), self.buy((bolt, 50, 1))
        receipt = self.receive(suspect)
        self.receive(sound)
        bills = self.bill(suspect), self.bill(sound)
        self.world.hold(receipt)
        # Which of the same bolts are held is known from the receipt they came with.
        self.assertEqual(self.fresh(bills[0]).quality_blocked_amount, 100)
        self.assertFalse(self.fresh(bills[1]).is_quality_blocked)

    def test_qh_23_location_hold_blocks_the_bill_as_well(self):
        order, _lot = self.received()
        bill = self.bill(order)
        hold = self.world.hold(self.world.shelf)
        self.assertEqual(self.fresh(bill).quality_blocked_amount, 200)
        self.assertEqual(bill.quality_hold_names, hold.name)

    def test_qh_23_blocked_bills_are_found(self):
        order, lot = self.received()
        bill = self.bill(order)
        other_order, _lot = self.received(lot_name="OTHER")
        other = self.bill(other_order)
        self.world.hold(lot)
        bills = self.as_user(self.env["account.move"], "acc")
        domain = [("id", "in", (bill.id, other.id))]
        found = bills.search([("is_quality_blocked", "=", True), *domain])
        self.assertEqual(found, bill)
        found = bills.search([("is_quality_blocked", "=", False), *domain])
        self.assertEqual(found, other)

    def test_qh_23_credit_notes_settle_a_blocked_bill(self):
        order, lot = self.received()
        bill = self.bill(order)
        self.world.hold(lot)
        refund = bill._reverse_moves([{"invoice_date": "2024-05-04"}])
        refund.action_post()
        (self.payable(refund) + self.payable(bill)).filtered(
            lambda line: not line.reconciled
        ).reconcile()
        self.assertEqual(bill.payment_state, "reversed")

    def test_qh_23_the_banner_names_no_more_than_the_hold(self):
        order, lot = self.received()
        bill = self.bill(order)
        hold = self.world.hold(lot, note="Secret recipe")
        with self.refused() as caught, self.cr.savepoint():
            bill.action_register_payment()
        message = str(caught.exception)
        self.assertIn(hold.name, message)
        self.assertNotIn("Secret", message)
        self.assertNotIn(hold.reason_id.name, message)
        form = Form(self.fresh(bill))
        self.assertTrue(form.is_quality_blocked)

    def test_qh_23_unrelated_bills_cost_no_query_per_line(self):
        counts = []
        order, lot = self.received()
        self.bill(order)
        self.world.hold(lot)
        for size in (2, 8):
            products = [self.world.product(f"P{size}-{i}", "none") for i in range(size)]
            order = self.buy(*((product, 1, 1) for product in products))
            self.receive(order)
            bill = self.bill(order)
            self.env.invalidate_all()
            bill.invoice_line_ids.purchase_line_id.mapped("product_id")
            before = self.cr.sql_log_count
            self.assertFalse(bill.is_quality_blocked)
            counts.append(self.cr.sql_log_count - before)
            self.register(bill)
            self.assertIn(bill.payment_state, ("paid", "in_payment"))
        self.assertLessEqual(counts[1], counts[0])
        self.assertLessEqual(counts[0], 5)

    def test_qh_23_blocked_bill_with_many_lines_costs_no_query_per_line(self):
        counts = []
        for size in (2, 8):
            products = [self.world.product(f"B{size}-{i}", "none") for i in range(size)]
            order = self.buy(*((product, 1, 1) for product in products))
            receipt = self.receive(order)
            bill = self.bill(order)
            self.world.hold(receipt)
            self.env.invalidate_all()
            bill.invoice_line_ids.purchase_line_id.mapped("product_id")
            before = self.cr.sql_log_count
            self.assertEqual(bill.quality_blocked_amount, size)
            counts.append(self.cr.sql_log_count - before)
        self.assertLessEqual(counts[1] - counts[0], 2)

    def test_qh_23_rule_for_a_vendor_blocks_his_bills_until_the_release(self):
        self.env["mfg.quality.hold.rule"].create(
            {
                "name": "Inspect this vendor",
                "company_id": self.world.company.id,
                "reason_id": self.env.ref("mfg_quality_hold.reason_incoming").id,
                "vendor_id": self.vendor.id,
                "with_inspection": False,
            }
        )
        bolt = self.world.product("Bolt", tracking="none")
        order, lot = self.received()
        bolts = self.buy((bolt, 10, 1))
        self.receive(bolts)
        bills = self.bill(order) | self.bill(bolts)
        self.vendor = self.env["res.partner"].create({"name": "Trusted Vendor"})
        other_order = self.buy((bolt, 10, 1))
        self.receive(other_order)
        other = self.bill(other_order)
        self.assertEqual(
            [bill.quality_blocked_amount for bill in self.fresh(bills)], [200, 10]
        )
        self.assertFalse(self.fresh(other).is_quality_blocked)
        self.register(other)
        self.world.decide(lot.hold_line_ids.hold_id, "release")
        self.register(self.fresh(bills[0]))
        self.assertIn(bills[0].payment_state, ("paid", "in_payment"))
