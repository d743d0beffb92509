from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common import AuditCase


@tagged("post_install", "-at_install")
class TestTours(AuditCase, HttpCase):
    """In a browser and without developer mode; an error on its console fails the test."""

    @mute_logger("odoo.http")  # the reason that is asked for
    def test_at_42_consultant(self):
        self.rule.unlink()
        self.partners.create({"name": "A Tour Supplier"})
        self.start_tour(
            "/web#action=mfg_audit_trail.mfg_audit_profile_action",
            "mfg_audit_trail_consultant",
            login=self.admin.login,
        )
        events = self.env["mfg.audit.event"].with_user(self.auditor)
        event = events.search([("reason", "=", "Letter of the supplier")])
        self.assertEqual(event.login_id, self.admin)
