from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import HoldCase


@tagged("post_install", "-at_install")
class TestContainment(HoldCase):
    """Held stock may be carried into a cage by anybody, and out of it by nobody."""

    def carry(self, product, quantity, lot, destination, user="stk", source=None):
        env = self.world.as_user(user)
        picking = self.world.transfer(
            product,
            quantity,
            destination=destination,
            env=env,
            kind="int",
            source=source,
        )
        self.world.line(picking, lot, quantity, env)
        picking.move_ids.picked = True
        picking.button_validate()
        return picking

    def test_qh_05_into_quarantine_and_not_out_again(self):
        self.world.hold(self.lot_a)
        picking = self.carry(self.part, 10, self.lot_a, self.world.quarantine)
        self.assertEqual(picking.state, "done")
        quant = self.lot_a.quant_ids.filtered("quantity")
        self.assertEqual(
            quant.filtered(lambda q: q.location_id.usage == "internal").location_id,
            self.world.quarantine,
        )
        self.assertTrue(self.lot_a.is_on_hold)
        with self.assertRaisesRegex(UserError, "QH/"), self.cr.savepoint():
            self.carry(
                self.part,
                10,
                self.lot_a,
                self.world.shelf,
                source=self.world.quarantine,
            )
        self.assertStays(self.lot_a)

    def test_qh_05_part_of_a_quantity_stays_held_in_quarantine(self):
        oil = self.world.product("Oil", "none")
        quant = self.world.put(oil, 10)
        hold = self.world.hold(quant, quantity=6)
        self.carry(oil, 8, None, self.world.quarantine)
        active = hold.line_ids.filtered(lambda line: line.state == "active")
        self.assertEqual(sum(active.mapped("qty_open")), 6)
        caged = active.filtered(lambda line: line.location_id == self.world.quarantine)
        self.assertEqual(caged.qty_open, 4)
        picking = self.world.transfer(oil, 10)
        picking.action_assign()
        self.assertEqual(self.world.reserved(oil), 4)

    def test_qh_05_only_quality_sets_up_quarantine(self):
        with self.assertRaises(AccessError):
            self.as_user(self.world.shelf, "mgr").is_quarantine = True
        cage = {"name": "Cage", "location_id": self.world.stock.id}
        for values, context in (
            (dict(cage, is_quarantine=True), {}),
            (cage, {"default_is_quarantine": True}),
        ):
            locations = self.world.as_user("mgr")["stock.location"]
            with self.assertRaises(AccessError):
                locations.with_context(**context).create(values)
        locations.create(cage)
        self.as_user(self.world.shelf, "mgr").name = "Shelf 2"

    def test_qh_10_location_hold_covers_what_lies_below(self):
        bin_1 = self.world.location("Bin 1", self.world.shelf)
        self.world.put(self.part, 5, self.lot_a, bin_1)
        hold = self.world.hold(self.world.shelf)
        # The approval matrix goes by value: 25 pieces at 5.
        self.assertEqual((hold.qty_open, hold.value_open), (25, 125))
        self.assertTrue(bin_1.is_on_hold)
        bin_2 = self.world.location("Bin 2", self.world.shelf)
        self.assertTrue(bin_2.is_on_hold)
        picking = self.world.transfer(self.part, 25)
        self.as_user(picking, "stk").action_assign()
        self.assertFalse(picking.move_line_ids)
        for values in (
            {"usage": "customer"},
            {"location_id": self.world.customers.id},
            {"active": False},
        ):
            for place in (bin_1, self.world.shelf, self.world.stock):
                with (
                    self.subTest(values, place=place.name),
                    self.assertRaisesRegex(UserError, hold.name),
                ):
                    self.as_user(place, "mgr").write(values)
        self.assertEqual(self.world.on_hand(self.part), 25)
        self.world.decide(hold, "release")
        self.assertFalse(bin_2.is_on_hold)

    def test_qh_10_location_with_a_held_lot_keeps_its_usage(self):
        hold = self.world.hold(self.lot_a)
        with self.assertRaisesRegex(UserError, hold.name):
            self.as_user(self.world.shelf, "mgr").usage = "customer"

    def test_qh_11_package_hold(self):
        oil = self.world.product("Oil", "none")
        package = self.world.package("PACK-1")
        self.world.put(oil, 10, package=package)
        hold = self.world.hold(package)
        self.assertTrue(package.is_on_hold)
        picking = self.as_user(self.world.transfer(oil, 10), "stk")
        picking.action_assign()
        self.assertFalse(picking.move_line_ids)
        with self.assertRaisesRegex(UserError, hold.name), self.cr.savepoint():
            self.as_user(package, "stk").unpack()
        self.assertEqual(package.quant_ids.quantity, 10)
