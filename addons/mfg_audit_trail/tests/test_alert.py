from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged

from ..engine import capture, observation
from .common import AuditCase


@tagged("post_install", "-at_install")
class TestAlert(AuditCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.reviewer = new_test_user(
            cls.env, "audit-reviewer", "mfg_audit_trail.group_reviewer"
        )
        cls.thresholds = cls.env["mfg.audit.alert.rule"].with_user(cls.admin)
        for threshold in cls.thresholds.search([]):
            threshold.write({"threshold": 3, "owner_id": cls.reviewer.id})

    def alerts(self, kind):
        self.env["mfg.audit.alert"]._cron_watch()
        return self.env["mfg.audit.alert"].search([("kind", "=", kind)], order="id")

    def delete(self, count, offset=0):
        partners = self.env["res.partner"].create(
            [{"name": f"P{offset + number}"} for number in range(count)]
        )
        partners.unlink()
        self.env.flush_all()

    def test_bulk_delete_is_told_once_and_looked_at_by_somebody_else(self):
        self.delete(2)
        self.assertFalse(self.alerts("bulk_delete").filtered(self.about_partners))
        self.delete(2, 2)
        alert = self.alerts("bulk_delete").filtered(self.about_partners)
        self.assertEqual((alert.count, alert.state, alert.severity), (4, "open", "1"))
        self.assertEqual(alert.owner_id, self.reviewer)
        self.assertEqual(alert.activity_ids.user_id, self.reviewer)
        self.assertEqual(
            self.alerts("bulk_delete").filtered(self.about_partners), alert
        )
        events = self.env["mfg.audit.event"].search(
            alert.action_open_events()["domain"]
        )
        self.assertIn("D", events.mapped("operation"))

        judged = alert.with_user(self.reviewer)
        with self.assertRaises(UserError):
            judged.action_close()
        with self.assertRaises(AccessError):
            judged.write({"count": 1})
        for user in (self.auditor, self.admin):
            with self.assertRaises(AccessError):
                alert.with_user(user).write({"conclusion": "fine"})
        with self.assertRaises(AccessError):
            judged.unlink()
        judged.conclusion = "Test data of the migration"
        judged.action_close()
        self.assertEqual((alert.state, alert.closed_by_id), ("closed", self.reviewer))
        self.assertFalse(alert.activity_ids)
        self.assertEqual(
            self.alerts("bulk_delete").filtered(self.about_partners), alert
        )

    def test_bulk_delete_counts_the_rows_of_a_migration(self):
        cr = self.env.cr
        cr.execute(
            "INSERT INTO res_partner (name) SELECT 'Old' FROM generate_series(1, 5)"
        )
        capture.by_statement(cr, "res_partner")
        cr.execute("UPDATE res_partner SET ref = 'old' WHERE name = 'Old'")
        self.assertFalse(self.alerts("bulk_delete").filtered(self.about_partners))
        cr.execute("DELETE FROM res_partner WHERE name = 'Old'")

        alert = self.alerts("bulk_delete").filtered(self.about_partners)

        self.assertEqual(alert.count, 5)
        event = self.env["mfg.audit.event"].search(
            [("table_name", "=", "res_partner"), ("operation", "=", "B")], limit=1
        )
        self.assertEqual(event.kind, "Contact")
        self.assertIn("<b>Rows</b> 5", event.changes)
        self.assertIn("<b>Statement</b> DELETE", event.changes)

    def test_alerts_are_called_what_people_call_their_subject(self):
        values = {"severity": "1", "company_id": self.env.company.id}
        Alert = self.env["mfg.audit.alert"].with_user(self.reviewer)
        for kind, subject, name in (
            ("bulk_delete", "res_partner", "Contact"),
            ("lock_date", str(self.env.company.id), self.env.company.name),
            ("failed_login", "ghost", "ghost"),
        ):
            alert = Alert.sudo().create({**values, "kind": kind, "subject": subject})
            self.assertTrue(alert.with_user(self.reviewer).name.endswith(f": {name}"))

    def test_nobody_closes_what_is_about_himself(self):
        alert = self.env["mfg.audit.alert"].create(
            {"kind": "bulk_delete", "severity": "1", "user_id": self.reviewer.id}
        )
        alert.conclusion = "It was me"
        with self.assertRaisesRegex(AccessError, "somebody else"):
            alert.with_user(self.reviewer).action_close()

    def test_exports_and_failed_logins(self):
        partners = self.partners.search([], limit=4)
        observation.write(self.env, "X", "res.partner", partners.ids)
        for _time in range(3):
            observation.write(
                self.env, "F", "res.users", user=0, retention="security", login="ghost"
            )
        exported = self.alerts("mass_export").filtered(self.about_partners)
        self.assertEqual(exported.count, 4)
        failed = self.alerts("failed_login").filtered(lambda a: a.subject == "ghost")
        self.assertEqual(failed.count, 3)

    def test_gap_and_lag(self):
        self.assertFalse(self.alerts("capture_gap"))
        self.env.cr.execute("ALTER TABLE res_partner DISABLE TRIGGER mfg_audit_capture")
        self.assertEqual(self.alerts("capture_gap").mapped("subject"), ["res_partner"])

    def test_alerts_of_other_companies_are_not_seen(self):
        other = self.env["res.company"].create({"name": "Other plant"})
        values = {"kind": "lock_date", "severity": "1", "company_id": other.id}
        alert = self.env["mfg.audit.alert"].create(values)
        seen = self.env["mfg.audit.alert"].with_user(self.reviewer)
        self.assertNotIn(alert, seen.search([]))
        self.reviewer.write({"company_ids": [Command.link(other.id)]})
        both = seen.with_context(allowed_company_ids=self.reviewer.company_ids.ids)
        self.assertIn(alert, both.search([]))

    def test_thresholds(self):
        with self.assertRaises(ValidationError):
            self.thresholds.search([], limit=1).write({"threshold": 0})
        with self.assertRaises(ValidationError):
            self.thresholds.search([], limit=1).write({"owner_id": self.clerk.id})
        with self.assertRaises(AccessError):
            self.thresholds.with_user(self.reviewer).search([], limit=1).write(
                {"threshold": 9}
            )

    @staticmethod
    def about_partners(alert):
        return alert.subject == "res_partner"
