from datetime import timedelta

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common import HoldCase


@tagged("post_install", "-at_install")
class TestTours(HoldCase, HttpCase):
    """What people on the floor do in the web client."""

    def test_lot_is_on_hold_in_three_clicks(self):
        lot = self.world.lot(self.part, "TOUR-LOT")
        self.world.put(self.part, 5, lot)
        self.start_tour(
            f"/web#id={lot.id}&model=stock.lot&view_type=form",
            "mfg_quality_hold_place",
            login="hold-stk",
        )
        self.assertTrue(lot.is_on_hold)
        hold = lot.hold_line_ids.hold_id
        self.assertEqual(hold.placed_by_id, self.world.users["stk"])

    def test_scanned_lot_is_on_hold_in_three_clicks(self):
        lot = self.world.lot(self.part, "TOUR-LOT")
        self.world.put(self.part, 5, lot)
        self.start_tour(
            "/web#action=mfg_quality_hold.mfg_quality_hold_action",
            "mfg_quality_hold_scan",
            login="hold-stk",
        )
        self.assertTrue(lot.is_on_hold)

    def test_qh_18_approver_signs_with_the_password(self):
        hold = self.world.hold(self.lot_a)
        disposition = self.world.propose(hold, "release")
        self.start_tour(
            f"/web#id={disposition.id}&model=mfg.quality.disposition&view_type=form",
            "mfg_quality_hold_sign",
            login="hold-apr1",
        )
        self.assertEqual(disposition.signature_ids.user_id, self.world.users["apr1"])
        self.assertFalse(self.lot_a.is_on_hold)

    def test_unmeasured_value_is_empty_and_a_measured_zero_is_not(self):
        self.world.inspection_plan(self.part)
        hold = self.as_user(self.world.hold(self.lot_a, reason="INSPECT"), "qa")
        inspections = hold.env["mfg.quality.inspection"]
        inspection = inspections.search(hold.action_inspect()["domain"])
        self.start_tour(
            f"/web#id={inspection.id}&model=mfg.quality.inspection&view_type=form",
            "mfg_quality_hold_measure",
            login="hold-qa",
        )
        measured = inspection.result_ids.filtered(lambda row: row.kind == "measured")
        self.assertEqual(
            [(row.value, row.verdict) for row in measured],
            [(10.02, "pass"), (0, "fail")],
        )

    def test_qh_31_consultant_sets_up_and_the_floor_uses_it(self):
        vendor = self.env["res.partner"].create({"name": "Tour Castings"})
        self.start_tour(
            "/web#action=mfg_quality_hold.mfg_quality_hold_action",
            "mfg_quality_hold_setup",
            login="hold-conf",
        )
        reason = self.env["mfg.quality.hold.reason"].search([("code", "=", "POROSITY")])
        self.assertEqual((reason.severity, reason.sla_hours), ("critical", 12))
        rule = self.env["mfg.quality.hold.rule"].search([("reason_id", "=", reason.id)])
        self.assertEqual((rule.vendor_id, rule.trigger), (vendor, "receipt"))
        row = self.env["mfg.quality.approval.rule"].search(
            [("name", "=", "Two sign for scrap")]
        )
        self.assertEqual((row.kind, row.count), ("scrap", 2))
        self.assertEqual(row.group_id, self.env.ref("mfg_quality_hold.group_approve"))
        lot = self.world.lot(self.part, "TOUR-LOT")
        self.world.put(self.part, 5, lot)
        self.start_tour(
            f"/web#id={lot.id}&model=stock.lot&view_type=form",
            "mfg_quality_hold_place_new_reason",
            login="hold-stk",
        )
        hold = lot.hold_line_ids.hold_id
        self.assertEqual((hold.reason_id, hold.severity), (reason, "critical"))
        self.assertEqual(hold.deadline - hold.placed_on, timedelta(hours=12))

    @mute_logger("odoo.http")
    def test_refusal_leads_to_the_hold(self):
        scrap = self.env["stock.scrap"].create(
            {
                "product_id": self.part.id,
                "lot_id": self.lot_a.id,
                "scrap_qty": 1,
                "location_id": self.world.shelf.id,
                "company_id": self.world.company.id,
            }
        )
        self.world.hold(self.lot_a)
        self.start_tour(
            f"/web#id={scrap.id}&model=stock.scrap&view_type=form",
            "mfg_quality_hold_refusal",
            login="hold-stk",
        )
        self.assertEqual(scrap.state, "draft")
        self.assertStays(self.lot_a)
