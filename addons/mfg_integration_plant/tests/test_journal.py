from odoo.tests import tagged

from .inbound_common import InboundPlantCase


class JournalCase(InboundPlantCase):
    """The books of a plant, and an accounting that reports to them."""

    codes = ("finance.journal",)
    service_groups = "account.group_account_user"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.journal = cls.env["account.journal"].create(
            {
                "name": "Batch",
                "code": "BATCH",
                "type": "general",
                "company_id": cls.plant.id,
            }
        )
        cls.accounts = cls.env["account.account"].create(
            [
                {
                    "name": code,
                    "code": code,
                    "account_type": "expense",
                    "company_id": cls.plant.id,
                }
                for code in ("400100", "400200")
            ]
        )

    def batch(self, *amounts, **values):
        """Return a journal with a debit and a credit line per amount."""
        lines = [
            line
            for amount in amounts
            for line in (
                {"account": "400100", "debit": amount},
                {"account": "400200", "credit": amount},
            )
        ]
        total = round(sum(amounts), 2)
        return {
            "journal": "BATCH",
            "date": "2026-03-31",
            "reference": "B-1",
            "lines": lines,
            "control": {"lines": len(lines), "debit": total, "credit": total},
            **values,
        }

    def entries(self):
        return self.env["account.move"].search([("journal_id", "=", self.journal.id)])


@tagged("post_install", "-at_install")
class TestJournal(JournalCase):
    """Journals are posted whole, or not at all."""

    def test_pi_01_journal_is_posted_to_the_cent(self):
        result = self.done("finance.journal", self.batch(0.1, 0.2, 1250.55))
        entry = self.entries()
        self.assertEqual(entry.state, "posted")
        self.assertEqual(result["entry"], entry.name)
        self.assertEqual(str(entry.date), "2026-03-31")
        self.assertAlmostEqual(sum(entry.line_ids.mapped("debit")), 1250.85, places=2)
        self.assertEqual(len(entry.line_ids), 6)
        self.assertEqual(entry.create_uid, self.service)

    def test_pi_08_wrong_control_total_is_refused_whole_and_posts_once_corrected(self):
        wrong = self.batch(100, 50)
        wrong["control"]["debit"] = 150.01
        exception = self.refused(
            "finance.journal",
            wrong,
            "“debit” of B-1 says 150.01, the lines make 150",
        )
        self.assertFalse(self.entries())
        self.done("finance.journal", self.batch(100, 50))
        self.assertEqual(len(self.entries()), 1)
        self.refused("finance.journal", self.batch(100, 50), "is in Odoo already as")
        self.assertEqual(len(self.entries()), 1)
        self.assertEqual(exception.state, "open")

    def test_pi_08_each_control_total_counts(self):
        for name in ("lines", "debit", "credit"):
            with self.subTest(name):
                wrong = self.batch(100)
                wrong["control"][name] += 1
                self.refused("finance.journal", wrong, f"Control total “{name}”")
        self.assertFalse(self.entries())

    def test_journals_that_cannot_be_posted(self):
        unbalanced = self.batch(100)
        unbalanced["lines"][0]["debit"] = 101
        unbalanced["control"]["debit"] = 101
        fine = self.batch(100.001)
        fine["control"] = {"lines": 2, "debit": 100.001, "credit": 100.001}
        for payload, pattern in (
            (unbalanced, "does not balance: debit 101, credit 100"),
            (fine, "is finer than"),
            (self.batch(1, journal="NOPE"), "journal “NOPE” is not known"),
            (self.batch(1, date="31.3.2026"), "is not a date"),
        ):
            with self.subTest(pattern):
                self.refused("finance.journal", payload, pattern)
        self.assertFalse(self.entries())

    def test_closed_period_is_respected(self):
        self.plant.fiscalyear_lock_date = "2026-12-31"
        self.refused("finance.journal", self.batch(1), ".")
        self.assertFalse(self.entries().filtered(lambda each: each.state == "posted"))
