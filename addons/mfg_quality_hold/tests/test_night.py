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

    def ship_by_sql(self, scope, set_scope):
        """(hold, line): a shipped line of free stock that SQL makes one of the scope."""
        line = self.world.ship(self.part, 2, self.lot_b).move_line_ids
        hold = self.world.hold(scope)
        self.env.flush_all()
        self.env.cr.execute(
            f"UPDATE stock_move_line SET {set_scope}, date = now() at time zone 'utc'"
            " WHERE id = %s",
            [line.id],
        )
        self.env.cr.execute(
            "UPDATE mfg_quality_hold_line SET active_from = active_from - interval '1 h'"
            " WHERE hold_id = %s",
            [hold.id],
        )
        self.env.invalidate_all()
        return hold, line

    def test_done_lines_that_no_decision_allowed_are_found(self):
        crate = self.world.location("Crate", self.world.shelf)
        package = self.world.package("SQL-1")
        scopes = {
            self.lot_a: f"lot_id = {self.lot_a.id}",
            package: f"package_id = {package.id}",
            # A location hold is about what lies below, too.
            self.world.shelf: f"location_id = {crate.id}",
        }
        for scope, set_scope in scopes.items():
            with self.subTest(scope._name), self.cr.savepoint() as point:
                hold, line = self.ship_by_sql(scope, set_scope)
                found = self.check().filtered(lambda e, hold=hold: e.hold_id == hold)
                self.assertIn(line, found.move_line_id)
                self.assertIn("missing", hold.activity_ids.summary)
                action = self.as_user(found[0], "qa").action_view_hold()
                self.assertEqual(action["res_id"], hold.id)
                # Told once.
                self.assertNotIn(line, self.check().move_line_id)
                point.rollback()
                self.env.invalidate_all()

    def test_what_got_away_from_a_hold_that_is_over_is_found(self):
        hold, line = self.ship_by_sql(self.lot_a, f"lot_id = {self.lot_a.id}")
        self.world.decide(hold, "release")
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE mfg_quality_hold_line SET active_to = active_to + interval '1 h'"
            " WHERE hold_id = %s",
            [hold.id],
        )
        self.env.invalidate_all()
        self.assertEqual(hold.state, "closed")
        self.assertIn(line, self.check().move_line_id)

    def test_sql_that_clears_a_flag_is_repaired(self):
        self.world.hold(self.lot_a)
        quant = self.lot_a.quant_ids
        self.env.cr.execute(
            "UPDATE stock_quant SET is_on_hold = false WHERE id = %s", [quant.id]
        )
        self.env.invalidate_all()
        self.check()
        self.assertTrue(quant.is_on_hold)

    def test_sql_that_clears_the_flag_of_anything_held_is_repaired(self):
        world = self.world
        gear = world.product("Gear", "none")
        world.bom(gear, [(self.part, 1)], operation="Turn")
        order = world.order(gear, 1)
        work = order.workorder_ids
        place = world.location("Cage")
        below = world.location("Cage 1", place)
        box = world.package("BOX")
        world.hold([self.lot_a, place, box, order])
        held = [self.lot_a, self.lot_a.quant_ids, place, below, box, order, work]
        self.env.flush_all()
        for record in held:
            self.assertTrue(record.is_on_hold)
            self.env.cr.execute(
                f"UPDATE {record._table} SET is_on_hold = false WHERE id = %s",
                [record.id],
            )
        self.env.cr.execute(
            "UPDATE stock_lot SET is_on_hold = true WHERE id = %s", [self.lot_b.id]
        )
        self.env.invalidate_all()
        self.check()
        for record in held:
            self.assertTrue(record.is_on_hold, record)
        self.assertFalse(self.lot_b.is_on_hold)

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
        ages = {0: "00", 2: "00", 3: "03", 7: "03", 8: "08", 30: "08"}
        ages.update({31: "31", 400: "31"})
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
        # In this order in every view.
        self.assertEqual(groups, [("00", 2), ("03", 2), ("08", 2), ("31", 2)])
