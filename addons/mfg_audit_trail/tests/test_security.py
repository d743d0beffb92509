import psycopg2

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..engine import schema, sealer, verifier
from ..hooks import post_init_hook, uninstall_hook
from .common import AuditCase


# A module is uninstalled only once it is installed.
@tagged("post_install", "-at_install")
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

    def test_at_20_one_person_alone_does_not_uninstall(self):
        module = self.env.ref("base.module_mfg_audit_trail")
        system = self.env.ref("base.user_admin")
        system.groups_id -= self.env.ref("mfg_audit_trail.group_admin")
        self.partners.create({"name": "Smith"})
        self.env.flush_all()
        with self.assertRaisesRegex(UserError, "one person alone"):
            module.with_user(system).button_uninstall()
        with self.assertRaises(AccessError):
            self.env["mfg.audit.removal"].with_user(system).create({"reason": "Mine"})

        request = (
            self.env["mfg.audit.removal"]
            .with_user(self.admin)
            .with_context(
                default_approved_by_id=system.id,
                default_approved_on="2026-01-01 00:00:00",
            )
            .create({"reason": "Migration", "approved_by_id": system.id})
        )
        self.assertFalse(request.approved_by_id)
        with self.assertRaisesRegex(UserError, "yourself"):
            request.action_approve()
        with self.assertRaisesRegex(UserError, "cannot be changed"):
            request.write({"approved_by_id": system.id})
        with self.assertRaisesRegex(UserError, "one person alone"):
            module.with_user(system).button_uninstall()

        second = new_test_user(self.env, "audit-2", "mfg_audit_trail.group_admin")
        request.with_user(second).action_approve()
        module.with_user(system).button_uninstall()
        self.assertEqual(module.state, "to remove")

    def test_at_20_what_uninstall_leaves(self):
        self.partners.create({"name": "Smith"})
        self.env.flush_all()
        self.env.cr.execute("SELECT origin FROM mfg_audit.log")
        origin = self.env.cr.fetchone()

        uninstall_hook(self.env)

        self.env.cr.execute("UPDATE res_partner SET ref = 'later'")
        self.env.cr.execute(
            "SELECT op::text, new FROM mfg_audit.event ORDER BY id DESC LIMIT 1"
        )
        self.assertEqual(
            self.env.cr.fetchone(), ("C", {"mfg_audit_trail": "uninstalled"})
        )
        self.env.cr.execute("SET CONSTRAINTS ALL IMMEDIATE")
        sealer.seal(self.env.cr)
        self.assertEqual(verifier.verify(self.env.cr), [])
        schema.install(self.env.cr, "another name")
        post_init_hook(self.env)
        self.env.cr.execute("SELECT origin FROM mfg_audit.log")
        self.assertEqual(self.env.cr.fetchone(), origin, "the same log goes on")
        self.forget()
        self.partners.create({"name": "Jones"})
        self.assertIn("I", [each["op"] for each in self.events("res_partner")])

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
        self.env.cr.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for name in partitions:
            with (
                self.assertRaisesRegex(psycopg2.Error, "append-only"),
                self.env.cr.savepoint(),
            ):
                self.env.cr.execute(f"TRUNCATE {name}")

    def test_roles_belong_to_different_people(self):
        reviewer = self.env.ref("mfg_audit_trail.group_reviewer")
        custodian = self.env.ref("mfg_audit_trail.group_key_custodian")
        with self.assertRaises(ValidationError) as caught:
            self.admin.write({"groups_id": [Command.link(reviewer.id)]})
        self.assertIn("different people", str(caught.exception))
        with self.assertRaises(ValidationError):
            custodian.write({"users": [Command.link(self.admin.id)]})
        with self.assertRaises(ValidationError):
            self.env["res.groups"].create(
                {
                    "name": "Everything",
                    "implied_ids": [Command.set((reviewer | custodian).ids)],
                    "users": [Command.link(self.clerk.id)],
                }
            )
        self.auditor.write({"groups_id": [Command.link(reviewer.id)]})

    def test_at_36_not_by_import_copy_or_name(self):
        self.partners.create({"name": "Smith"})
        self.env.flush_all()
        settings = self.env.ref("base.user_admin")
        self.assertTrue(settings.has_group("base.group_system"))
        for model in ("mfg.audit.event", "mfg.audit.transaction"):
            log = self.env[model].with_user(settings)
            record = log.search([], limit=1)
            self.assertFalse(log.load(["request"], [["forged"]])["ids"])
            for forge in (
                lambda log=log: log.name_create("forged"),
                lambda record=record: record.copy(),
                lambda record=record: record.update({"request": "forged"}),
                lambda record=record: record.web_save({"request": "forged"}, {}),
            ):
                with self.assertRaises(UserError):
                    forge()
