from odoo import Command
from odoo.tests import tagged

from ..exceptions import ReasonRequired
from .common import AuditCase


@tagged("post_install", "-at_install")
class TestReason(AuditCase):
    def test_a_change_that_needs_a_reason_waits_for_it(self):
        self.rule.write({"reason_required": "change"})
        partner = self.partners.create({"name": "Smith"})
        self.env.flush_all()
        with self.assertRaisesRegex(ReasonRequired, "Contact need a reason"):
            partner.write({"ref": "1"})
        with self.assertRaises(ReasonRequired):
            partner.unlink()
        with self.assertRaises(ReasonRequired):
            partner.with_context(mfg_audit_reason="  ").write({"ref": "1"})

        partner.with_context(mfg_audit_reason="Audit 12").write({"ref": "1"})

        (event,) = [
            each for each in self.events("res_partner") if "ref" in (each["new"] or {})
        ]
        self.assertEqual(event["reason"], "Audit 12")

    def test_reason_for_some_fields_and_for_creations(self):
        field = self.env["ir.model.fields"]._get("res.partner", "ref")
        self.rule.write(
            {"reason_required": "always", "reason_field_ids": [Command.link(field.id)]}
        )
        with self.assertRaises(ReasonRequired):
            self.partners.create({"name": "Smith"})
        partner = self.partners.with_context(mfg_audit_reason="New").create(
            {"name": "Smith"}
        )
        partner = partner.with_context(mfg_audit_reason=None)
        self.env.flush_all()
        partner.write({"city": "York"})
        with self.assertRaises(ReasonRequired):
            partner.write({"city": "Leeds", "ref": "1"})

    def test_reason_only_for_the_companies_of_the_rule(self):
        other = self.env["res.company"].create({"name": "Other plant"})
        self.rule.write(
            {"reason_required": "change", "company_ids": [Command.set(other.ids)]}
        )
        mine = self.partners.create(
            {"name": "Mine", "company_id": self.clerk.company_id.id}
        )
        mine.write({"ref": "1"})
        self.clerk.write({"company_ids": [Command.link(other.id)]})
        theirs = self.partners.create({"name": "Theirs", "company_id": other.id})
        with self.assertRaises(ReasonRequired):
            theirs.write({"ref": "1"})
