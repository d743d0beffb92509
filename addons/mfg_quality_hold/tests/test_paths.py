from odoo.exceptions import UserError
from odoo.tests import tagged

from . import bypass
from .common import HoldCase


@tagged("post_install", "-at_install")
class TestPaths(HoldCase):
    """Scenarios of single paths: the same call works on free stock and not on held stock."""

    def assertRefused(self, *names, users=None, says=r"QH/\d+"):
        """Each attempt changes free stock, and is refused with words on held stock."""
        attempts = {attempt.name: attempt for attempt in bypass.ATTEMPTS}
        for name in names:
            attempt = attempts[name]
            for user in users or attempt.users[:1]:
                with self.subTest(name, user=user):
                    free = bypass.run_attempt(self.world, attempt, user, held=False)
                    self.assertFalse(free["error"])
                    self.assertTrue(free["changed"], "has no effect on free stock")
                    held = bypass.run_attempt(self.world, attempt, user, held=True)
                    self.assertFalse(held["changed"], "held stock has changed")
                    self.assertRegex(str(held["error"]), says)

    def test_qh_03_detailed_operations(self):
        self.assertRefused(
            "create_line",
            "change_lot_of_line",
            "pick_from_quant",
            "choose_serial_on_screen",
            "choose_lot_on_screen",
        )

    def test_qh_04_transfers_and_packages(self):
        self.assertRefused(
            "ship_immediately",
            "internal_transfer",
            "put_in_pack",
            "repack_in_place",
            "move_whole_package",
            "unpack",
        )

    def test_qh_06_without_a_disposition(self):
        self.assertRefused(
            "scrap_on_screen",
            "relocate",
            "location_of_lot",
            "count_to_zero",
            "count_that_applies_itself",
            "revert_adjustment",
            says=r"QH/\d+[\s\S]*disposition",
        )

    def test_qh_06_return_to_vendor_without_a_disposition(self):
        receipt = self.world.ship(
            self.part,
            10,
            self.lot_a,
            source=self.world.suppliers,
            destination=self.world.shelf,
            kind="in",
        )
        hold = self.world.hold(self.lot_a)
        env = self.world.as_user("stk")
        wizard = (
            env["stock.return.picking"]
            .with_context(active_id=receipt.id, active_model="stock.picking")
            .create({"picking_id": receipt.id})
        )
        wizard._compute_moves_locations()
        picking = env["stock.picking"].browse(wizard.create_returns()["res_id"])
        picking.action_assign()
        self.assertStays(self.lot_a, 20)
        # Nothing of it is reserved; entering it by hand says why.
        with self.assertRaisesRegex(UserError, f"{hold.name}[\\s\\S]*disposition"):
            self.world.line(
                picking, self.lot_a, 10, env, location_id=self.world.shelf.id
            )

    def test_qh_07_components_by_hand(self):
        self.assertRefused(
            "choose_component_lot",
            "consume",
            "consume_with_backorder",
            "add_component_to_finished_order",
            "change_component_lot_of_finished_order",
        )

    def test_qh_07_serial_mass_production_takes_the_good_lot(self):
        gear = self.world.product("Numbered Gear", "serial")
        self.world.bom(gear, [(self.part, 5)])
        order = self.world.order(gear, 2)
        self.world.hold(self.lot_a)
        order = self.as_user(order, "stk")
        order.action_assign()
        wizard = order.env["stock.assign.serial"].create(
            {
                "production_id": order.id,
                "expected_qty": 2,
                "next_serial_number": "S1",
                "next_serial_count": 2,
                "serial_numbers": "S1\nS2",
                "mark_as_done": True,
            }
        )
        wizard.apply()
        orders = order.procurement_group_id.mrp_production_ids
        self.assertEqual(orders.mapped("state"), ["done", "done"])
        self.assertStays(self.lot_a)
        self.assertEqual(self.world.on_hand(self.part, self.lot_b), 0)

    def test_qh_08_unbuild_kit_and_drop_shipment(self):
        self.assertRefused("unbuild", "ship_in_a_kit", "drop_ship")

    def test_quants_of_nothing_are_tidied_away(self):
        """Opening the stock list removes empty quants, of held lots as well; no held stock."""
        emptied = self.world.put(
            self.part, 4, self.lot_a, location=self.world.location("Bin")
        )
        self.world.ship(self.part, 4, self.lot_a, source=emptied.location_id)
        self.assertTrue(emptied.exists())
        self.world.hold(self.lot_a)
        self.assertTrue(emptied.is_on_hold)
        self.world.as_user("mgr")["stock.quant"].action_view_quants()
        self.assertFalse(emptied.exists())
        self.assertStays(self.lot_a)

    def test_qh_09_remote_calls(self):
        self.assertRefused(
            "write_quantity",
            "create_negative",
            "write_lot",
            "write_location",
            "write_reserved",
            "paper_shipment",
            users=("stk",),
        )
