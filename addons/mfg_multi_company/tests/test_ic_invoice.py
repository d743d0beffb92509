from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .ic_common import IntercompanyCase


@tagged("post_install", "-at_install")
class TestInvoiceToBill(IntercompanyCase):
    """Seller and buyer have the same amount in their books, or both know why not."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract = cls.agreement()
        cls.product = cls.item()
        cls.dozen = cls.env.ref("uom.product_uom_dozen")

    def post(self, *lines, **values):
        invoice = self.invoice(*lines, **values)
        invoice.action_post()
        return invoice

    # -- amounts -----------------------------------------------------------------------

    def test_mc_09_units_and_lines_without_item_arrive_as_they_are(self):
        buyer = self.world.companies["a"]
        expense = self.world.env_of("buyer")["account.account"].create(
            {"code": "698001", "name": "Freight in", "account_type": "expense"}
        )
        self.contract.sudo().side_ids.filtered(
            lambda row: row.side == "buyer"
        ).with_env(self.world.env_of("conf")).write(
            {
                "account_map_ids": [
                    Command.create({"seller_code": "4", "account_id": expense.id})
                ]
            }
        )
        invoice = self.post(
            (self.product, 2, 120, {"product_uom_id": self.dozen.id}),
            ("Freight", 1, 35, {"tax_ids": [Command.clear()]}),
        )
        bill = self.bill_of(invoice)
        goods, freight = bill.invoice_line_ids
        self.assertEqual(
            (goods.product_id, goods.product_uom_id, goods.quantity, goods.price_unit),
            (self.product, self.dozen, 2, 120),
        )
        self.assertEqual((freight.name, freight.price_unit), ("Freight", 35))
        self.assertEqual(freight.account_id, expense)
        self.assertEqual(bill.company_id, buyer)
        self.assertEqual(bill.amount_total, invoice.amount_total)
        self.assertEqual(
            (bill.state, bill.date, bill.ref), ("posted", invoice.date, invoice.name)
        )
        self.assertEqual(bill.create_uid, self.world.users["service_a"])

    def test_mc_09_local_codes_and_units_are_translated(self):
        local = self.item(
            name="Welle",
            company_id=self.world.companies["a"].id,
            uom_id=self.dozen.id,
            uom_po_id=self.dozen.id,
        )
        self.world.user("steward", "mfg_multi_company.group_steward")
        self.world.steward("apr1")
        code = self.world.env_of("steward")["mfg.item.xref"].create(
            {
                "product_id": self.product.id,
                "code": "WELLE",
                "company_id": self.world.companies["a"].id,
                "local_product_id": local.id,
                "uom_id": self.dozen.id,
                "factor": 12,
                "date_from": "2020-01-01",
            }
        )
        self.as_user(code, "apr1").action_approve()
        bill = self.bill_of(self.post((self.product, 24, 10)))
        line = bill.invoice_line_ids
        self.assertEqual((line.product_id, line.quantity), (local, 2))
        self.assertEqual((line.product_uom_id, line.price_unit), (self.dozen, 120))

    def test_mc_10_small_difference_of_taxes_is_booked(self):
        companies = self.world.companies
        companies["b"].tax_calculation_rounding_method = "round_per_line"
        companies["a"].tax_calculation_rounding_method = "round_globally"
        invoice = self.post(*[(self.product, 1, 0.37)] * 5)
        bill = self.bill_of(invoice)
        self.assertEqual(bill.state, "posted")
        self.assertEqual(bill.amount_total, invoice.amount_total)
        payable = bill.line_ids.filtered(
            lambda line: line.account_type == "liability_payable"
        )
        receivable = invoice.line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        )
        self.assertEqual(-payable.balance, receivable.balance)
        self.assertEqual(len(bill.invoice_line_ids), 6, "one line for the difference")
        self.assertFalse(self.exceptions())

    def test_mc_10_large_difference_waits_for_the_owner(self):
        self.product.supplier_taxes_id = self.tax("a", 10, "purchase")
        invoice = self.post((self.product, 4, 60))
        bill = self.bill_of(invoice)
        self.assertEqual(bill.state, "draft")
        problem = self.exceptions()
        self.assertEqual(problem.kind, "tax")
        self.assertEqual(
            (problem.expected, problem.actual), ("276.00 USD", "264.00 USD")
        )
        self.assertEqual(problem.buyer_owner_id, self.world.users["buyer"])
        self.assertIn(self.world.users["buyer"], problem.activity_ids.user_id)
        self.assertIn(self.world.users["seller"], problem.activity_ids.user_id)
        # The owner corrects the bill; the exception closes by itself.
        bill.invoice_line_ids.tax_ids = self.tax("a", 15, "purchase")
        bill.action_post()
        self.assertFalse(self.exceptions())
        self.assertEqual(
            self.contract.env["mfg.ic.flow"]._flow_of(invoice).state, "matched"
        )

    def test_mc_11_closed_period_is_no_silent_shift(self):
        self.world.companies["a"].fiscalyear_lock_date = "2026-03-31"
        invoice = self.post((self.product, 1, 100))
        self.assertEqual(invoice.state, "posted")
        bill = self.bill_of(invoice)
        self.assertEqual((bill.state, str(bill.date)), ("draft", "2026-03-10"))
        problem = self.exceptions()
        self.assertEqual(problem.kind, "period")
        self.world.companies["a"].fiscalyear_lock_date = False
        problem.action_retry()
        self.assertEqual((bill.state, str(bill.date)), ("posted", "2026-03-10"))
        self.assertFalse(self.exceptions())

    # -- credit notes ------------------------------------------------------------------

    def test_mc_08_credit_note_is_linked_and_reconciled_on_both_sides(self):
        invoice = self.post((self.product, 2, 120))
        wizard = (
            self.world.env_of("seller")["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": invoice.journal_id.id, "date": "2026-03-12"})
        )
        wizard.refund_moves()
        credit = wizard.new_move_ids
        credit.action_post()
        refund = self.bill_of(credit)
        bill = self.bill_of(invoice)
        self.assertEqual(refund.move_type, "in_refund")
        self.assertEqual(refund.reversed_entry_id, bill)
        self.assertEqual(refund.amount_total, credit.amount_total)
        for move in (invoice, credit, bill, refund):
            self.assertEqual(move.amount_residual, 0, move.name)
        flows = self.env["mfg.ic.flow"]
        self.assertEqual(flows._flow_of(credit), flows._flow_of(invoice))

    def test_mc_08_partial_credit_leaves_the_same_rest_on_both_sides(self):
        invoice = self.post((self.product, 5, 100))
        credit = self.invoice(
            (self.product, 2, 100),
            move_type="out_refund",
            reversed_entry_id=invoice.id,
        )
        credit.action_post()
        bill = self.bill_of(invoice)
        self.assertEqual(invoice.amount_residual, 345)
        self.assertEqual(bill.amount_residual, 345)

    def test_mc_08_order_in_foreign_currency_paid_and_credited(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        for key, rate in (("a", 0.9), ("b", 0.9)):
            self.env["res.currency.rate"].create(
                {
                    "currency_id": euro.id,
                    "name": "2026-01-01",
                    "rate": rate,
                    "company_id": self.world.companies[key].id,
                }
            )
        invoice = self.post((self.product, 5, 90), currency_id=euro.id)
        bill = self.bill_of(invoice)
        self.assertEqual(
            (bill.currency_id, bill.amount_total), (euro, invoice.amount_total)
        )
        self.assertEqual(bill.amount_total_signed, -invoice.amount_total_signed)
        credit = self.invoice(
            (self.product, 2, 90),
            move_type="out_refund",
            reversed_entry_id=invoice.id,
            currency_id=euro.id,
        )
        credit.action_post()
        self.assertEqual(bill.amount_residual, invoice.amount_residual)

    # -- once --------------------------------------------------------------------------

    def test_mc_02_posted_again_it_is_the_same_bill(self):
        invoice = self.post((self.product, 1, 100))
        bill = self.bill_of(invoice)
        bill.message_post(body="Asked the plant about it")
        invoice.button_draft()
        self.assertEqual(bill.state, "draft")
        line = invoice.invoice_line_ids
        line.price_unit = 130
        invoice.action_post()
        self.assertEqual(self.bill_of(invoice), bill)
        self.assertEqual((bill.state, bill.amount_untaxed), ("posted", 130))
        self.assertIn("Asked the plant", "".join(bill.message_ids.mapped("body")))
        self.assertEqual(self.bills(), 1)

    def test_mc_02_double_click_makes_one_bill(self):
        invoice = self.post((self.product, 1, 100))
        with self.assertRaises(UserError):
            invoice.action_post()
        invoice._mfg_ic_mirror()
        self.assertEqual(self.bills(), 1)

    def test_mc_02_database_refuses_a_second_counterpart(self):
        invoice = self.post((self.product, 1, 100))
        bill = self.bill_of(invoice)
        source = self.env["mfg.ic.link"]._of_documents(invoice)
        other = bill.copy()
        flow = source.flow_id
        link = flow._link("buyer", other, "bill")
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaisesRegex(IntegrityError, "source_uniq"),
            self.env.cr.savepoint(),
        ):
            link.source_link_id = source
            link.flush_recordset()

    def bills(self):
        return self.world.env_of("buyer")["account.move"].search_count(
            [("move_type", "=", "in_invoice")]
        )

    # -- the other side fails ----------------------------------------------------------

    def test_failure_at_the_buyer_leaves_the_invoice_and_is_repeated(self):
        side = self.contract.sudo().side_ids.filtered(lambda row: row.side == "buyer")
        side.service_user_id.active = False
        invoice = self.post((self.product, 1, 100))
        self.assertEqual(invoice.state, "posted")
        self.assertFalse(self.bill_of(invoice))
        problem = self.exceptions()
        self.assertEqual((problem.kind, problem.flow_id.state), ("access", "invoiced"))
        told = problem.action_retry()["params"]
        self.assertEqual((problem.state, problem.count), ("open", 2))
        self.assertEqual(
            told["message"],
            "Repeated; still open: Rights or Service User, "
            f"{problem.flow_id.name} (Group seller, Group buyer)",
        )
        self.assertEqual(told["type"], "warning")
        side.service_user_id.active = True
        told = problem.action_retry()["params"]
        self.assertEqual(told["type"], "success")
        self.assertEqual(problem.state, "resolved")
        self.assertEqual(self.bill_of(invoice).state, "posted")
        self.assertEqual(self.bills(), 1)

    def test_strict_agreement_refuses_the_invoice(self):
        self.as_user(self.contract, "conf").action_end()
        self.contract.sudo()._transit(date_to="2026-02-28")
        self.agreement(date_from="2026-03-01", strict=True)
        self.world.users["service_a"].active = False
        invoice = self.invoice((self.product, 1, 100))
        with self.assertRaisesRegex(UserError, "Service User"):
            invoice.action_post()

    def test_missing_agreement_names_pair_and_remedy(self):
        invoice = self.post((self.product, 1, 100), to="c")
        self.assertEqual(invoice.state, "posted")
        self.assertFalse(self.exceptions(), "C has no dealings in the group yet")
        self.contract.sudo()._transit(date_to="2026-02-28")
        invoice = self.post((self.product, 1, 100))
        self.assertEqual(invoice.state, "posted")
        self.assertEqual(self.exceptions().kind, "agreement")

    def test_currency_without_rate_is_no_rate_of_one(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        euro.rate_ids.unlink()
        invoice = self.post((self.product, 1, 100), currency_id=euro.id)
        self.assertFalse(self.bill_of(invoice))
        self.assertEqual(self.exceptions().kind, "currency")

    def test_item_of_the_seller_alone_is_not_guessed(self):
        own = self.item(company_id=self.world.companies["b"].id)
        invoice = self.post((own, 1, 100))
        self.assertFalse(self.bill_of(invoice))
        self.assertEqual(self.exceptions().kind, "mapping")

    def test_cancelled_invoice_takes_the_bill_along(self):
        invoice = self.post((self.product, 1, 100))
        bill = self.bill_of(invoice)
        invoice.button_draft()
        invoice.button_cancel()
        self.assertEqual(bill.state, "cancel")

    def test_mc_12_bill_that_is_paid_is_not_taken_back(self):
        invoice = self.post((self.product, 1, 100))
        bill = self.bill_of(invoice)
        payment = (
            bill.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=bill.ids)
            .create({})
            ._create_payments()
        )
        invoice.button_draft()
        problem = self.exceptions(kind="cancel")
        self.assertIn("takes back the payment and repeats", problem.name)
        self.assertEqual((invoice.state, bill.state), ("draft", "posted"))
        problem.action_retry()
        self.assertEqual((problem.state, bill.state), ("open", "posted"))
        payment.action_draft()
        payment.action_cancel()
        problem.action_retry()
        self.assertEqual((problem.state, bill.state), ("resolved", "draft"))

    def test_exceptions_are_for_owners(self):
        self.product.supplier_taxes_id = self.tax("a", 10, "purchase")
        self.post((self.product, 4, 60))
        problem = self.exceptions()
        with self.assertRaisesRegex(AccessError, "is for"):
            self.as_user(problem, "worker").action_resolve("accept", "why not")
        with self.assertRaisesRegex(UserError, "Reason"):
            problem.action_resolve("accept", " ")
        problem.action_resolve("accept", "The buyer may not deduct it")
        self.assertEqual(problem.resolved_by_id, self.world.users["buyer"])
        self.assertFalse(problem.activity_ids)
