import psycopg2

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tools import mute_logger

from .common import AuditCase


class TestSecurity(AuditCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.env["res.company"].create({"name": "Other plant"})

    def test_at_36_auditor_reads_the_own_companies(self):
        self.env["res.partner"].create(
            [
                {"name": "Theirs", "company_id": self.other.id},
                {"name": "Ours", "company_id": self.auditor.company_id.id},
            ]
        )
        self.env.flush_all()
        events = self.env["mfg.audit.event"].with_user(self.auditor)
        seen = events.search([("table_name", "=", "res_partner")]).mapped("record_name")
        self.assertIn("Ours", seen)
        self.assertNotIn("Theirs", seen)
        self.auditor.write({"company_ids": [Command.link(self.other.id)]})
        both = events.with_context(allowed_company_ids=self.auditor.company_ids.ids)
        self.assertIn(
            "Theirs",
            both.search([("table_name", "=", "res_partner")]).mapped("record_name"),
        )

    def test_at_36_nobody_changes_the_log(self):
        self.partners.create({"name": "Smith"})
        self.env.flush_all()
        event = self.env["mfg.audit.event"].search([], limit=1)
        for user in (self.auditor, self.admin, self.env.ref("base.user_admin")):
            as_user = event.with_user(user)
            with self.assertRaises(AccessError):
                as_user.write({"reason": "forged"})
            with self.assertRaises(AccessError):
                as_user.unlink()
            with self.assertRaises(AccessError):
                as_user.create({"reason": "forged"})

    def test_at_36_without_the_group_nothing_is_seen(self):
        with self.assertRaises(AccessError):
            self.env["mfg.audit.event"].with_user(self.clerk).search([])
        with self.assertRaises(AccessError):
            self.env["mfg.audit.transaction"].with_user(self.clerk).search([])

    @mute_logger("odoo.sql_db")
    def test_statements_cannot_change_the_log(self):
        self.partners.create({"name": "Smith"})
        self.env.flush_all()
        for statement in (
            "UPDATE mfg_audit.event SET reason = 'forged'",
            "DELETE FROM mfg_audit.event",
            "TRUNCATE mfg_audit.event",
            "UPDATE mfg_audit.tx SET login_uid = 1",
            "DELETE FROM mfg_audit.receipt WHERE false; DELETE FROM mfg_audit.tx",
        ):
            with (
                self.assertRaisesRegex(psycopg2.Error, "append-only"),
                self.env.cr.savepoint(),
            ):
                self.env.cr.execute(statement)

    @mute_logger("odoo.sql_db")
    def test_partitions_cannot_be_emptied(self):
        self.env.cr.execute(
            """
            SELECT c.oid::regclass::text FROM pg_class c
             WHERE c.relnamespace = 'mfg_audit'::regnamespace AND c.relkind = 'r'
               AND c.relispartition
            """
        )
        partitions = [name for (name,) in self.env.cr.fetchall()]
        self.assertTrue(partitions)
        for name in partitions:
            with (
                self.assertRaisesRegex(psycopg2.Error, "append-only"),
                self.env.cr.savepoint(),
            ):
                self.env.cr.execute(f"TRUNCATE {name}")
