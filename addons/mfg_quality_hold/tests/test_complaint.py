from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .common import HoldCase


@tagged("post_install", "-at_install")
class TestComplaint(HoldCase):
    """A customer complains: the rest is held, the others who have some are told."""

    def complain(self, lots=None, user="qa", **values):
        """The dialog as somebody fills it in."""
        wizards = self.as_user(self.env["mfg.quality.complaint"], user)
        with Form(wizards) as form:
            form.partner_id = self.world.partner.with_env(wizards.env)
            form.product_id = self.part.with_env(wizards.env)
            form.reference = "Claim 4711"
            form.note = "It rattles"
            for lot in lots or []:
                form.lot_ids.add(lot.with_env(wizards.env))
            for name, value in values.items():
                setattr(form, name, value)
        return form.save()

    def test_complaint_holds_what_is_left_and_shows_open_orders(self):
        self.world.ship(self.part, 3, self.lot_a)
        picking = self.world.transfer(self.part, 5)
        picking.origin = "SO-77"
        self.world.line(picking, self.lot_a, 5)
        wizard = self.complain()
        # The lot the customer got is proposed.
        self.assertEqual(wizard.lot_ids, self.lot_a)
        self.assertEqual(wizard.picking_ids, picking)
        action = wizard.action_place()
        self.assertTrue(self.lot_a.is_on_hold)
        hold = self.lot_a.hold_line_ids.hold_id
        self.assertEqual((hold.origin, hold.origin_ref), ("complaint", "Claim 4711"))
        self.assertEqual(hold.partner_id, self.world.partner)
        self.assertEqual(hold.reason_id.code, "COMPLAINT")
        messages = " ".join(hold.message_ids.mapped("body"))
        self.assertIn(f"{picking.name} (SO-77)", messages)
        trace = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual(trace.hold_id, hold)
        self.assertEqual(trace.delivery_ids.partner_id, self.world.partner)
        self.assertEqual(trace.delivery_ids.quantity, 3)
        self.assertEqual(trace.contained_pct, 100)

    def test_complaint_names_lots_of_the_product(self):
        wizard = self.complain([self.lot_a])
        with self.assertRaisesRegex(UserError, "Choose the lots"):
            wizard.lot_ids = False
            wizard.action_place()
        foreign = self.world.lot(self.world.product("Other"), "X")
        wizard.lot_ids = foreign
        with self.assertRaisesRegex(UserError, "must be of"):
            wizard.action_place()

    def test_complaint_is_taken_by_quality(self):
        with self.assertRaises(AccessError):
            self.complain([self.lot_a], user="none")

    def trace(self, lots, user="qa"):
        hold = self.world.hold(lots[0])
        trace = self.as_user(self.env["mfg.quality.trace"], user).create(
            {"hold_id": hold.id, "lot_ids": [(6, 0, lots.ids)]}
        )
        trace.action_run()
        return trace

    def test_second_run_shows_what_has_changed(self):
        self.world.ship(self.part, 3, self.lot_a)
        lots = self.lot_a | self.lot_b
        first = self.trace(lots)
        self.world.ship(self.part, 2, self.lot_b)
        action = first.action_run()
        second = first.browse(action["res_id"])
        self.assertNotEqual(second, first)
        self.assertEqual(second.previous_id, first)
        lines = {line.lot_id: line for line in second.line_ids}
        self.assertEqual(lines[self.lot_b].change, "less")
        self.assertEqual(lines[self.lot_b].on_hand_before, 10)
        self.assertFalse(lines[self.lot_a].change)
        deliveries = {line.lot_id: line for line in second.delivery_ids}
        self.assertEqual(deliveries[self.lot_b].quantity_before, 0)
        self.assertEqual(deliveries[self.lot_a].quantity_before, 3)
        # The first run stays as it was.
        self.assertEqual(sum(first.delivery_ids.mapped("quantity")), 3)
        with self.assertRaises(UserError):
            first.write({"direction": "backward"})

    def test_containment_is_measured(self):
        trace = self.trace(self.lot_a | self.lot_b)
        self.assertEqual((trace.contained_pct, trace.free_count), (50, 1))
        self.assertEqual(trace.hours_to_contain, 0)
        trace.action_hold_all()
        hold = self.lot_b.hold_line_ids.hold_id
        self.env.flush_all()
        self.cr.execute(
            "UPDATE mfg_quality_hold_line SET active_from = %s WHERE hold_id = %s",
            [trace.hold_id.placed_on.replace(microsecond=0), hold.id],
        )
        self.cr.execute(
            "UPDATE mfg_quality_hold SET placed_on = placed_on - interval '90 minutes' "
            "WHERE id = %s",
            [trace.hold_id.id],
        )
        self.env.invalidate_all()
        self.assertEqual((trace.contained_pct, trace.free_count), (100, 0))
        self.assertAlmostEqual(trace.hours_to_contain, 1.5, places=1)

    def test_salespersons_get_a_task_for_each_customer(self):
        seller = self.world.user("seller", "base.group_user")
        self.world.partner.user_id = seller
        self.world.ship(self.part, 3, self.lot_a)
        trace = self.trace(self.lot_a)
        trace.action_notify_salespersons()
        trace.action_notify_salespersons()
        activity = self.world.partner.activity_ids
        self.assertEqual(len(activity), 1)
        self.assertEqual(activity.user_id, seller)
        self.assertIn("A, Part: 3.0", activity.note)
        again = trace.browse(trace.action_run()["res_id"])
        again.action_notify_salespersons()
        self.assertEqual(len(self.world.partner.activity_ids), 1)
        nobody = self.trace(self.lot_b)
        with self.assertRaisesRegex(UserError, "nobody is to be told"):
            nobody.action_notify_salespersons()
