from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import HoldCase


@tagged("post_install", "-at_install")
class TestTrace(HoldCase):
    """Raw lot A goes into two gears, these into machines, one machine to each customer."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        world = cls.world
        cls.gear, cls.machine = world.product("Gear"), world.product("Machine")
        world.bom(cls.gear, [(cls.part, 1)])
        world.bom(cls.machine, [(cls.gear, 1)])
        cls.gear_lot, cls.machine_lot = (
            world.lot(cls.gear, "G1"),
            world.lot(cls.machine, "M1"),
        )
        world.produce(cls.gear, 6, cls.gear_lot, [(cls.part, cls.lot_a, 6)])
        cls.relocate(cls.gear, cls.gear_lot, 6)
        cls.machine_order = world.produce(
            cls.machine, 5, cls.machine_lot, [(cls.gear, cls.gear_lot, 5)]
        )
        cls.relocate(cls.machine, cls.machine_lot, 5)
        cls.other = cls.env["res.partner"].create({"name": "Second Customer"})
        world.ship(cls.machine, 2, cls.machine_lot)
        picking = world.transfer(cls.machine, 2)
        picking.partner_id = cls.other
        world.line(picking, cls.machine_lot, 2)
        picking.move_ids.picked = True
        picking._action_done()
        back = world.transfer(
            cls.machine,
            1,
            source=world.customers,
            destination=world.shelf,
            kind="in",
        )
        back.partner_id = cls.other
        world.line(back, cls.machine_lot, 1)
        back.move_ids.picked = True
        back._action_done()

    @classmethod
    def relocate(cls, product, lot, quantity):
        """Finished goods go to the shelf, where the others are."""
        quant = cls.env["stock.quant"].search(
            [("lot_id", "=", lot.id), ("location_id", "=", cls.world.stock.id)]
        )
        quant.move_quants(location_dest_id=cls.world.shelf)

    def trace(self, lots, direction="forward"):
        env = self.world.as_user("qa")
        trace = env["mfg.quality.trace"].create(
            {"lot_ids": [(6, 0, lots.ids)], "direction": direction}
        )
        trace.action_run()
        return trace

    def test_qh_21_three_levels_and_customers_net_of_returns(self):
        trace = self.trace(self.lot_a)
        levels = {line.lot_id: line.level for line in trace.line_ids}
        self.assertEqual(levels, {self.lot_a: 0, self.gear_lot: 1, self.machine_lot: 2})
        self.assertEqual(
            {line.partner_id: line.quantity for line in trace.delivery_ids},
            {self.world.partner: 2, self.other: 1},
        )
        self.assertEqual(
            {line.lot_id: line.on_hand for line in trace.line_ids},
            {self.lot_a: 4, self.gear_lot: 1, self.machine_lot: 2},
        )

    def test_qh_21_runs_are_found_from_the_hold(self):
        hold = self.world.hold(self.lot_a, user="qa")
        self.assertEqual(hold.trace_count, 0)
        first = hold.action_trace()["res_id"]
        self.assertEqual(hold.action_view_traces()["res_id"], first)
        again = hold.trace_ids.action_run()["res_id"]
        self.assertEqual(hold.trace_count, 2)
        shown = self.env["mfg.quality.trace"].search(
            hold.action_view_traces()["domain"]
        )
        self.assertEqual(shown.ids, [again, first])

    def test_qh_21_all_descendants_on_hold_in_one_click(self):
        trace = self.trace(self.lot_a)
        trace.action_hold_all()
        for lot in (self.lot_a, self.gear_lot, self.machine_lot):
            self.assertTrue(lot.is_on_hold)
        hold = self.env["mfg.quality.hold"].search([("origin_ref", "=", trace.name)])
        self.assertEqual(hold.origin, "genealogy")
        with self.assertRaisesRegex(UserError, "already"):
            trace.action_hold_all()

    def test_qh_21_backwards(self):
        trace = self.trace(self.machine_lot, "backward")
        self.assertEqual(
            trace.line_ids.lot_id, self.machine_lot | self.gear_lot | self.lot_a
        )

    def test_qh_21_untracked_step_is_possible(self):
        paste, tube = self.world.product("Paste", "none"), self.world.product("Tube")
        self.world.bom(paste, [(self.part, 1)])
        self.world.bom(tube, [(paste, 1)])
        self.world.produce(paste, 2, None, [(self.part, self.lot_b, 2)])
        lot = self.world.lot(tube, "T1")
        order = self.world.order(tube, 2)
        order.qty_producing = 2
        order.lot_producing_id = lot
        order.move_raw_ids.quantity = 2
        order.move_raw_ids.picked = True
        order.with_context(skip_consumption=True).button_mark_done()
        trace = self.trace(self.lot_b)
        found = {
            line.lot_id: line.is_possible for line in trace.line_ids if line.lot_id
        }
        self.assertEqual(found, {self.lot_b: False, lot: True})
        self.assertIn(paste, trace.line_ids.product_id)

    def test_qh_21_rework_and_unbuilding_go_round_in_circles(self):
        """A lot that was reworked into itself, and taken apart again, is listed once."""
        hold = self.world.hold(self.gear_lot)
        order = self.world.decide(hold, "rework").production_ids
        order.qty_producing = order.product_qty
        order.move_raw_ids.picked = True
        order.with_context(skip_consumption=True).button_mark_done()
        self.world.decide(hold, "release")
        self.env["mrp.unbuild"].create(
            {
                "mo_id": self.machine_order.id,
                "product_id": self.machine.id,
                "lot_id": self.machine_lot.id,
                "product_qty": 1,
                "product_uom_id": self.machine.uom_id.id,
                "company_id": self.world.company.id,
                "location_id": self.world.shelf.id,
                "location_dest_id": self.world.shelf.id,
            }
        ).action_unbuild()
        forward = self.trace(self.lot_a)
        self.assertEqual(
            sorted(forward.line_ids.mapped("lot_id.name")), ["A", "G1", "M1"]
        )
        self.assertEqual(len(forward.line_ids), 3)
        # Taken apart, the machine is what the gear was made of as well.
        backward = self.trace(self.gear_lot, "backward")
        self.assertIn(self.machine_lot, backward.line_ids.lot_id)
        self.assertIn(self.lot_a, backward.line_ids.lot_id)

    def test_qh_21_people_on_the_floor_read_traces_but_run_none(self):
        trace = self.world.as_user("qa")["mfg.quality.trace"].create(
            {"lot_ids": [(6, 0, self.lot_a.ids)]}
        )
        with self.assertRaises(AccessError):
            self.as_user(trace, "stk").action_run()
        self.assertFalse(trace.line_ids)

    def test_qh_21_a_trace_is_evidence(self):
        trace = self.trace(self.lot_a)
        with self.assertRaisesRegex(UserError, "evidence"):
            trace.direction = "backward"
        with self.assertRaisesRegex(UserError, "evidence"):
            trace.sudo().unlink()
        again = trace.action_run()["res_id"]
        self.assertNotEqual(again, trace.id)
