from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .ic_common import IntercompanyCase


@tagged("post_install", "-at_install")
class TestCockpit(IntercompanyCase):
    """What does not match between two books is listed, and nothing else is."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract = cls.agreement(tax_policy="buyer", bill_validation="draft")
        cls.product = cls.item()
        cls.euro = cls.env.ref("base.EUR")
        cls.euro.active = True

    def test_mc_21_seven_of_two_hundred_do_not_match(self):
        invoices = self.world.env_of("seller")["account.move"].create(
            [self.invoice_values((self.product, 1, 100 + i)) for i in range(200)]
        )
        invoices.action_post()
        bills = [self.bill_of(invoice) for invoice in invoices]
        good, no_bill, draft, total, tax, period, currency = bills[:7]
        total.invoice_line_ids.price_unit += 1
        tax.invoice_line_ids.tax_ids = self.tax("a", 10, "purchase")
        period.date = "2026-04-01"
        self.env["res.currency.rate"].create(
            {
                "currency_id": self.euro.id,
                "name": "2026-01-01",
                "rate": 0.9,
                "company_id": self.world.companies["a"].id,
            }
        )
        currency.currency_id = self.euro
        by_hand = good.copy({"invoice_date": "2026-03-10", "ref": "paper"})
        no_bill.button_cancel()
        (by_hand.union(*bills) - no_bill - draft).action_post()
        expected = {
            invoices[1].name: "missing",
            invoices[2].name: "draft",
            invoices[3].name: "total",
            invoices[4].name: "tax",
            invoices[5].name: "period",
            invoices[6].name: "currency",
            "paper": "orphan",
        }
        for who in ("buyer", "seller"):
            env = self.world.env_of(who)
            rows = env["mfg.ic.mismatch"].search([])
            self.assertEqual({row.reference: row.kind for row in rows}, expected)

    def test_documents_are_offered_to_who_may_read_them(self):
        self.invoice((self.product, 1, 100)).action_post()
        self.world.user("ctrl", "mfg_multi_company.group_mfg_group_controller", "c")
        auditor = "account.group_account_readonly,mfg_multi_company.group_user"
        self.world.user("auditor_a", auditor, "a")
        models = {
            "mfg.ic.balance": "action_view_documents",
            "mfg.ic.mismatch": "action_open_document",
        }
        for model, button in models.items():
            for who, offered in (("buyer", True), ("auditor_a", True), ("ctrl", False)):
                rows = self.world.env_of(who)[model]
                with self.subTest(model, who=who):
                    arch = rows.get_view(view_type="tree")["arch"]
                    self.assertEqual(button in arch, offered)
            with self.assertRaisesRegex(AccessError, "rights in accounting"):
                getattr(rows.search([], limit=1), button)()

    def test_document_of_the_other_company_alone_is_not_opened(self):
        invoice = self.invoice((self.product, 1, 100))
        invoice.action_post()
        self.bill_of(invoice).button_cancel()
        row = self.world.env_of("buyer")["mfg.ic.mismatch"].search([])
        self.assertEqual(row.kind, "missing")
        with self.assertRaisesRegex(UserError, "Group B"):
            row.action_open_document()
        action = row.with_env(self.world.env_of("seller")).action_open_document()
        self.assertEqual(action["res_id"], invoice.id)

    def test_mc_21_balance_of_a_pair(self):
        invoice = self.invoice((self.product, 1, 100))
        invoice.action_post()
        env = self.world.env_of("buyer")
        row = env["mfg.ic.balance"].search([])
        self.assertEqual((row.receivable, row.payable, row.difference), (115, 0, 115))
        self.bill_of(invoice).action_post()
        self.env.invalidate_all()
        row = env["mfg.ic.balance"].search([])
        self.assertEqual((row.receivable, row.payable, row.difference), (115, 115, 0))
        self.assertEqual((row.open_receivable, row.open_payable), (115, 115))
        self.assertEqual(str(row.period), "2026-03-01")
        for who, expected in (("buyer", self.bill_of(invoice)), ("seller", invoice)):
            action = row.with_env(self.world.env_of(who)).action_view_documents()
            documents = self.world.env_of(who)["account.move"].search(action["domain"])
            self.assertEqual(documents, expected)
        self.assertFalse(self.world.env_of("outsider")["mfg.ic.balance"].search([]))
        groups = env["mfg.ic.balance"].read_group([], ["difference"], ["period:month"])
        self.assertEqual(groups[0]["difference"], 0)
