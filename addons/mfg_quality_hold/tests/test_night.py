from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from ..engine.ledger import ledger
from .common import HoldCase


@tagged("post_install", "-at_install")
class TestNight(HoldCase):
    """What the nightly check finds and tells."""

    def check(self):
        return self.env["mfg.quality.escape"]._cron_check()

    def test_nothing_is_found_where_nothing_happened(self):
        self.world.ship(self.part, 2, self.lot_a)
        hold = self.world.hold(self.lot_a)
        self.world.decide(hold, "scrap", {hold.line_ids: 3})
        found = self.check().filtered(lambda escape: escape.hold_id == hold)
        self.assertFalse(found)

    def test_sql_that_takes_held_stock_is_found_once(self):
        hold = self.world.hold(self.lot_a)
        self.env.cr.execute(
            "UPDATE stock_quant SET quantity = quantity - 4 WHERE lot_id = %s",
            [self.lot_a.id],
        )
        self.env.invalidate_all()
        found = self.check().filtered(lambda escape: escape.hold_id == hold)
        self.assertEqual(found.quantity, 4)
        self.assertIn("missing", hold.activity_ids.summary)
        self.assertFalse(self.check().filtered(lambda e: e.hold_id == hold))
        self.assertEqual(len(hold.activity_ids), 1)

    def test_sql_that_clears_a_flag_is_repaired(self):
        self.world.hold(self.lot_a)
        quant = self.lot_a.quant_ids
        self.env.cr.execute(
            "UPDATE stock_quant SET is_on_hold = false WHERE id = %s", [quant.id]
        )
        self.env.invalidate_all()
        self.check()
        self.assertTrue(quant.is_on_hold)

    def test_qh_24_late_hold_escalates_once_per_level(self):
        reason = self.env.ref("mfg_quality_hold.reason_suspect")
        reason.escalate_to_id = self.world.users["qa"]
        late = fields.Datetime.now() - timedelta(hours=1)
        hold = self.world.hold(self.lot_a, deadline=late)
        self.assertTrue(hold.is_late)
        self.assertIn(
            hold, self.env["mfg.quality.hold"].search([("is_late", "=", True)])
        )
        self.check()
        self.check()
        self.assertEqual(hold.activity_ids.user_id, self.world.users["stk"])
        self.assertEqual((len(hold.activity_ids), hold.escalation_level), (1, 1))
        with ledger(self.cr).transition():  # time passes
            hold.deadline = late - timedelta(hours=reason.sla_hours)
        self.check()
        self.check()
        self.assertEqual((len(hold.activity_ids), hold.escalation_level), (2, 2))
        self.assertIn(self.world.users["qa"], hold.activity_ids.user_id)
        # Done reminders do not come back on the same level.
        hold.activity_ids.action_done()
        self.check()
        self.assertFalse(hold.activity_ids)
        self.assertTrue(self.lot_a.is_on_hold)

    def test_qh_24_ageing(self):
        ages = {0: "0", 2: "0", 3: "3", 7: "3", 8: "8", 30: "8", 31: "31", 400: "31"}
        holds = self.env["mfg.quality.hold"]
        for age in ages:
            lot = self.world.lot(self.part, f"AGE{age}")
            hold = self.world.hold(lot)
            holds |= hold
            self.env.flush_all()
            # Time passes.
            self.env.cr.execute(
                "UPDATE mfg_quality_hold SET placed_on = placed_on - %s * interval '1 day'"
                " WHERE id = %s",
                [age, hold.id],
            )
        self.env.invalidate_all()
        self.check()
        self.assertEqual(holds.mapped("age_bucket"), list(ages.values()))
        groups = self.as_user(holds, "qa")._read_group(
            [("id", "in", holds.ids)], ["age_bucket"], ["__count"]
        )
        self.assertEqual(dict(groups), {"0": 2, "3": 2, "8": 2, "31": 2})
