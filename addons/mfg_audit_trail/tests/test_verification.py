from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from ..engine import sealer
from .common import AuditCase


@tagged("post_install", "-at_install")
class TestVerification(AuditCase):
    def seal(self):
        self.env.flush_all()
        self.env.cr.execute("SET CONSTRAINTS ALL IMMEDIATE")
        sealer.seal(self.env.cr)
        self.env.cr.execute("SET CONSTRAINTS ALL DEFERRED")

    def verification(self, user, method="action_verify"):
        model = self.env["mfg.audit.verification"].with_user(user)
        return model.browse(getattr(model, method)()["res_id"])

    def test_dashboard_tells_the_level_as_it_is(self):
        self.partners.create({"name": "Smith"})
        self.seal()
        found = self.verification(self.auditor)
        self.assertEqual((found.verdict, found.finding_count), ("ok", 0))
        self.assertEqual(found.level, "0", "the log belongs to Odoo's own role here")
        self.assertIn("database role", found.missing)
        self.assertIn("mfg_audit_witness", found.missing)
        self.assertEqual((found.gaps, found.pending), (0, 0))
        page = found.with_user(self.auditor).get_view(view_type="form")["arch"]
        self.assertIn("None yet", page)
        self.assertTrue(found.sealed_at and found.transactions and found.tables)
        self.assertEqual(found.user_id, self.auditor)

    def test_findings_are_kept_and_nobody_changes_them(self):
        custodian = new_test_user(
            self.env, "audit-keys", "mfg_audit_trail.group_key_custodian"
        )
        self.partners.create({"name": "Smith"})
        self.seal()
        self.env.cr.execute("ALTER TABLE mfg_audit.event DISABLE TRIGGER USER")
        self.env.cr.execute(
            "UPDATE mfg_audit.event SET reason = 'forged' "
            "WHERE id = (SELECT MAX(id) FROM mfg_audit.event)"
        )
        self.env.cr.execute("ALTER TABLE res_partner DISABLE TRIGGER mfg_audit_capture")
        found = self.verification(custodian)
        self.assertEqual(found.verdict, "findings")
        self.assertIn("res_partner", found.findings)
        self.assertEqual(found.gaps, 1)
        self.assertEqual(self.verification(custodian, "action_look").verdict, "none")
        for user in (custodian, self.auditor, self.admin):
            with self.assertRaises(AccessError):
                found.with_user(user).write({"verdict": "ok"})
            with self.assertRaises(AccessError):
                found.with_user(user).unlink()
        with self.assertRaises(AccessError):
            self.verification(self.clerk)
        with self.assertRaises(AccessError):
            self.env["mfg.audit.event"].with_user(custodian).search([])

    def test_evidence_on_paper_bears_its_proof(self):
        partner = self.partners.create({"name": "Smith & Sons"})
        self.env.flush_all()
        events = self.env["mfg.audit.event"].with_user(self.auditor)
        event = events.search(
            [("table_name", "=", "res_partner"), ("res_id", "=", partner.id)]
        )

        def page():
            report = self.env["ir.actions.report"].with_user(self.auditor)
            name = "mfg_audit_trail.mfg_audit_evidence"
            return report._render_qweb_html(name, event.ids)[0].decode()

        self.assertIn("Not sealed yet", page())
        self.seal()
        text = page()
        self.env.cr.execute(
            "SELECT encode(mfg_audit.leaf(e), 'hex') FROM mfg_audit.event e WHERE id = %s",
            [event[0].id],
        )
        self.assertIn(self.env.cr.fetchone()[0], text)
        self.assertIn("Smith &amp; Sons", text)
        self.assertIn("is not signed", text)
        with self.assertRaises(AccessError):
            self.env["report.mfg_audit_trail.mfg_audit_evidence"].with_user(
                self.clerk
            )._get_report_values(event.ids)

    def test_attached_files_are_covered_with_their_checksum(self):
        partner = self.partners.create({"name": "Smith"})
        self.forget()
        attachment = self.env["ir.attachment"].create(
            {
                "name": "contract.txt",
                "raw": b"agreed",
                "res_model": "res.partner",
                "res_id": partner.id,
            }
        )
        self.env.flush_all()
        (event,) = [each for each in self.events("ir_attachment") if each["op"] == "I"]
        self.assertEqual(event["new"]["checksum"], attachment.checksum)
        timeline = self.env["mfg.audit.timeline"].with_user(self.auditor)
        (group,) = timeline.get_timeline("res.partner", partner.id)["groups"]
        told = [each for each in group["entries"] if each["record"] == "contract.txt"]
        self.assertIn(
            attachment.checksum, [change["new"] for change in told[0]["changes"]]
        )

    def test_settings_tell_what_stands_beside(self):
        settings = self.env["res.config.settings"].create({})
        profiles = self.env["mfg.audit.profile"].search([("switched_on", "=", True)])
        self.assertEqual(settings.mfg_audit_profile_count, len(profiles))
        other = self.env["ir.module.module"]._get("account_audit_trail")
        self.assertEqual(settings.mfg_audit_beside_account, other.state == "installed")
