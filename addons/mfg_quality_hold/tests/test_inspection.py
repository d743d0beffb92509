import base64
import io

from PIL import Image

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from .common import HoldCase


@tagged("post_install", "-at_install")
class TestInspection(HoldCase):
    """A shaft of 10.00 mm, at most 10.05, whose surface must be clean."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan = cls.world.inspection_plan(cls.part)
        cls.hold = cls.world.hold(cls.lot_a, reason="INSPECT")

    def inspect(self, hold=None, user="qa"):
        """The inspections that a user begins from the hold."""
        hold = self.as_user(hold or self.hold, user)
        domain = hold.action_inspect()["domain"]
        return hold.env["mfg.quality.inspection"].search(domain)

    def record(self, inspection, diameter=10.0, surface="yes"):
        """Enter the results as the user of the inspection."""
        for result in inspection.result_ids:
            if result.kind == "measured":
                result.value = diameter
            else:
                result.attribute = surface

    def test_qh_17_out_of_spec_fails_and_the_hold_stays(self):
        inspection = self.inspect()
        self.assertEqual(self.hold.state, "inspection")
        self.assertEqual(len(inspection.result_ids), 2 * 2)
        self.record(inspection, diameter=10.06)
        inspection.action_decide()
        self.assertEqual(inspection.verdict, "fail")
        self.assertEqual(inspection.inspector_id, self.world.users["qa"])
        self.assertTrue(self.lot_a.is_on_hold)
        disposition = self.hold.disposition_ids
        self.assertEqual((disposition.kind, disposition.state), ("scrap", "proposed"))
        self.assertEqual(disposition.line_ids.quantity, 10)
        self.assertIn("10.06", disposition.justification)
        self.assertEqual(self.world.on_hand(self.part, self.lot_a), 10)

    def test_qh_17_the_limit_itself_passes(self):
        inspection = self.inspect()
        # Compared to two decimals, as the plan says.
        self.record(inspection, diameter=10.0500001)
        inspection.action_decide()
        self.assertEqual(inspection.verdict, "pass")
        disposition = self.hold.disposition_ids
        self.assertEqual((disposition.kind, disposition.state), ("release", "proposed"))
        self.assertTrue(self.lot_a.is_on_hold)
        self.world.sign(disposition)
        self.assertFalse(self.lot_a.is_on_hold)

    def test_qh_17_one_attribute_fails_the_inspection(self):
        inspection = self.inspect()
        self.record(inspection)
        inspection.result_ids.filtered(lambda r: r.kind == "attribute")[
            0
        ].attribute = "no"
        inspection.action_decide()
        self.assertEqual((inspection.verdict, inspection.failed_count), ("fail", 1))

    def test_qh_17_nothing_is_editable_after_the_verdict(self):
        inspection = self.inspect()
        self.record(inspection, diameter=10.06)
        picture = io.BytesIO()
        Image.new("RGB", (2, 2)).save(picture, "PNG")
        inspection.result_ids[0].photo = base64.b64encode(picture.getvalue())
        inspection.action_decide()
        photo = inspection.env["ir.attachment"].search(
            [
                ("res_model", "=", "mfg.quality.inspection.result"),
                ("res_id", "=", inspection.result_ids[0].id),
                ("res_field", "=", "photo"),
            ]
        )
        self.assertTrue(photo)
        result = inspection.result_ids[0]
        line = {"name": "Extra", "sample": 3}
        for change in (
            lambda: result.write({"value": 10}),
            lambda: result.sudo().write({"note": "was a typing error"}),
            lambda: result.sudo().unlink(),
            lambda: inspection.write({"result_ids": [Command.create(line)]}),
            lambda: inspection.write({"skip_reason": "changed my mind"}),
            lambda: inspection.sudo().unlink(),
            lambda: photo.sudo().unlink(),
            lambda: photo.write({"raw": b"another"}),
            inspection.action_decide,
            inspection.action_skip,
        ):
            with self.assertRaises(UserError), self.cr.savepoint():
                change()
        with self.assertRaises(AccessError), self.cr.savepoint():
            inspection.sudo().write({"verdict": "pass"})
        self.env.invalidate_all()
        self.assertAlmostEqual(result.value, 10.06)
        self.assertEqual(inspection.verdict, "fail")
        # Talking about it goes on.
        inspection.message_post(body="Measured again on the other machine.")

    def test_qh_17_the_plan_changes_without_its_past(self):
        inspection = self.inspect()
        width = self.plan.characteristic_ids.filtered(lambda c: c.kind == "measured")
        width.upper_limit = 11
        result = inspection.result_ids.filtered(lambda r: r.kind == "measured")[0]
        self.assertAlmostEqual(result.upper_limit, 10.05)
        for values in ({"upper_limit": 11}, {"kind": "attribute"}, {"sample": 9}):
            with self.assertRaisesRegex(UserError, "plan"), self.cr.savepoint():
                result.write(values)
        result.write({"value": 10.06, "verdict": "pass", "recorded_by_id": 1})
        self.assertEqual(result.verdict, "fail")
        self.assertEqual(result.recorded_by_id, self.world.users["qa"])

    def test_qh_17_nothing_is_left_out(self):
        inspection = self.inspect()
        with self.assertRaisesRegex(UserError, "Unit 1, Diameter"):
            inspection.action_decide()
        self.record(inspection)
        photo = self.plan.characteristic_ids[0]
        photo.needs_photo = True
        with self.assertRaisesRegex(UserError, "Skip Reason"):
            inspection.action_skip()
        inspection.skip_reason = "Certificate of the vendor, 3.1"
        inspection.action_skip()
        self.assertEqual((inspection.state, inspection.verdict), ("skipped", False))
        self.assertEqual(self.hold.state, "on_hold")
        again = self.inspect() - inspection
        self.record(again)
        with self.assertRaisesRegex(UserError, "photo"):
            again.action_decide()

    def test_qh_17_a_measured_zero_counts_as_entered(self):
        result = self.inspect().result_ids.filtered(lambda r: r.kind == "measured")[0]
        self.assertFalse(result.verdict)
        result.value = 0
        self.assertEqual(result.verdict, "fail")

    def test_qh_17_floor_and_approvers_do_not_inspect(self):
        inspection = self.inspect()
        self.record(inspection)
        for user in ("stk", "apr1"):
            other = self.as_user(inspection, user)
            with self.assertRaises(AccessError), self.cr.savepoint():
                other.action_decide()
            with self.assertRaises(AccessError), self.cr.savepoint():
                other.result_ids[0].value = 10.01

    def test_qh_17_plan_refuses_limits_that_make_no_sense(self):
        conf = self.world.as_user("conf")
        plan = self.plan.with_env(conf)
        for values in (
            {"lower_limit": 3, "upper_limit": 2},
            {"lower_limit": 1, "upper_limit": 2, "target": 5},
            {"upper_limit": 2, "decimals": 9},
        ):
            with self.assertRaises(ValidationError), self.cr.savepoint():
                plan.characteristic_ids = [Command.create({"name": "Width", **values})]

    def test_qh_17_failure_of_free_stock_places_it_on_hold(self):
        inspection = self.world.as_user("qa")["mfg.quality.inspection"].create(
            {
                "plan_id": self.plan.id,
                "product_id": self.part.id,
                "lot_id": self.lot_b.id,
                "quantity": 10,
            }
        )
        self.record(inspection, surface="no")
        inspection.action_decide()
        self.assertTrue(self.lot_b.is_on_hold)
        self.assertEqual(inspection.hold_id.origin, "inspection")
        self.assertEqual(inspection.hold_id.reason_id.code, "SPEC")
        self.assertEqual(inspection.hold_id.origin_ref, inspection.name)

    def test_qh_18_who_inspected_does_not_approve(self):
        approver = self.world.users["apr1"]
        approver.groups_id += self.env.ref("mfg_quality_hold.group_inspect")
        inspection = self.inspect(user="apr1")
        # One value entered is enough, whoever gives the verdict.
        inspection.result_ids[0].value = 10
        inspection = self.as_user(inspection, "qa")
        self.record(inspection.with_context(prefetch_fields=False))
        inspection.result_ids[0].with_user(approver).value = 10
        inspection.action_decide()
        disposition = self.hold.disposition_ids
        with self.assertRaisesRegex(AccessError, "inspected"), self.cr.savepoint():
            self.world.sign(disposition, "apr1")
        self.world.sign(disposition, "apr2")
        self.assertEqual(disposition.state, "done")
