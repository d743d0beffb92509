from odoo.tests import TransactionCase, tagged

from odoo.addons.mfg_audit_trail.engine import verifier

from .test_demo_group import DemoGroup


@tagged("post_install", "-at_install")
class TestDemoTrail(DemoGroup, TransactionCase):
    """The auditor finds on record what the people of the demo group did."""

    def setUp(self):
        super().setUp()
        auditor = self.user("auditor")
        self.changes = self.env(
            user=auditor.id, context={"allowed_company_ids": auditor.company_ids.ids}
        )["mfg.audit.event"]

    def who(self, records, operation, field=None):
        """Users on whose behalf something happened to each of the records."""
        found = self.changes.search(
            [
                ("table_name", "=", records._table),
                ("res_id", "in", records.ids),
                ("operation", "=", operation),
            ]
        )
        if field:
            found = found.filtered(lambda each: f'"{field}":' in each.new_values)
        self.assertEqual(set(found.mapped("res_id")), set(records.ids), records._name)
        return found.effective_id

    def test_auditor_finds_who_placed_proposed_and_signed(self):
        complaint = self.env.ref("mfg_suite.hold_a_complaint")
        self.assertEqual(self.who(complaint, "I"), self.user("quality-a"))
        bearings = self.env.ref("mfg_suite.hold_a_bearings")
        self.assertEqual(
            self.who(bearings.disposition_ids, "I"), self.user("quality-a")
        )
        self.assertEqual(
            self.who(bearings.signature_ids, "I"), self.user("quality-manager")
        )

    def test_auditor_finds_who_approved_for_the_group(self):
        agreements = self.env["mfg.ic.agreement"].search([("state", "=", "active")])
        self.assertTrue(agreements)
        for side in ("seller", "buyer"):
            approval = f"{side}_approved_by_id"
            self.assertEqual(self.who(agreements, "U", approval), agreements[approval])
        codes = self.env.ref("mfg_suite.xref_housing_a")
        self.assertEqual(self.who(codes, "U", "state"), self.user("steward"))

    def test_trail_and_records_agree(self):
        """Neither what was recorded nor what happened to tables since contradicts it."""
        findings = verifier.verify(self.env.cr, drift=True)
        self.assertEqual([each.line() for each in findings], [])
