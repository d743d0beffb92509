from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .common import HoldCase


@tagged("post_install", "-at_install")
class TestReservation(HoldCase):
    """What is on hold is neither found nor taken; the rest is."""

    def test_qh_01_reservation_takes_the_next_lot(self):
        picking = self.world.transfer(self.part, 5)
        self.world.hold(self.lot_a)
        self.assertTrue(self.lot_a.is_on_hold)
        self.as_user(picking, "stk").action_assign()
        self.assertEqual(picking.state, "assigned")
        self.assertEqual(picking.move_line_ids.lot_id, self.lot_b)
        self.assertStays(self.lot_a)

    def test_qh_01_passing_over_held_stock_takes_no_query_more(self):
        counts = []
        picking = self.as_user(self.world.transfer(self.part, 5), "stk")
        for taken in (None, self.lot_a, self.lot_b):
            if taken == self.lot_b:
                self.world.hold(self.lot_a)
            picking.do_unreserve()
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            picking.action_assign()
            self.env.flush_all()
            counts.append(self.cr.sql_log_count - before)
            # The first time fills caches of Odoo.
            self.assertEqual(picking.move_line_ids.lot_id, taken or self.lot_a)
        self.assertLessEqual(counts[2], counts[1])

    def test_qh_02_hold_takes_picked_lines_away_and_reserves_other_stock(self):
        picking = self.world.transfer(self.part, 10)
        line = self.world.line(picking, self.lot_a, 10)
        line.picked = True
        hold = self.world.hold(self.lot_a)
        self.assertFalse(line.exists())
        self.assertEqual(picking.move_line_ids.lot_id, self.lot_b)
        self.assertEqual(picking.state, "assigned")
        note = picking.message_ids[0].body
        self.assertIn(f"{hold.name}</a>", note)
        self.assertIn(f'data-oe-id="{hold.id}"', note)
        self.as_user(picking, "stk").button_validate()
        self.assertEqual(picking.state, "done")
        self.assertStays(self.lot_a)
        self.assertEqual(self.world.on_hand(self.part, self.lot_b), 0)

    def test_qh_12_partial_hold_leaves_the_rest_free(self):
        oil = self.world.product("Oil", "none")
        self.world.put(oil, 100)
        self.world.hold(oil, quantity=60)
        self.assertEqual(oil.with_context(location=self.world.stock.id).free_qty, 40)
        picking = self.world.transfer(oil, 100)
        self.as_user(picking, "stk").action_assign()
        self.assertEqual(self.world.reserved(oil), 40)
        with self.assertRaisesRegex(UserError, "QH/"), self.cr.savepoint():
            self.as_user(picking.move_line_ids, "stk").quantity = 41
        picking.move_ids.picked = True
        self.as_user(picking, "stk").with_context(skip_backorder=True).button_validate()
        self.assertEqual(self.world.on_hand(oil), 60)

    def test_qh_12_release_of_a_part_frees_that_part(self):
        oil = self.world.product("Oil", "none")
        self.world.put(oil, 100)
        hold = self.world.hold(oil, quantity=60)
        self.world.decide(hold, "release", {hold.line_ids: 25})
        self.assertEqual(hold.line_ids.qty_open, 35)
        self.assertEqual(oil.with_context(location=self.world.stock.id).free_qty, 65)
        picking = self.world.transfer(oil, 70)
        picking.action_assign()
        self.assertEqual(self.world.reserved(oil), 65)

    def test_released_stock_goes_to_the_transfer_that_waits_for_it(self):
        picking = self.world.transfer(self.part, 15)
        other = self.world.transfer(self.part, 10)
        other.move_ids.picking_type_id.reservation_method = "manual"
        other.move_ids.reservation_date = False
        self.as_user(picking, "stk").action_assign()
        hold = self.world.hold(self.lot_a)
        self.assertEqual(picking.move_ids.quantity, 10)
        picking.move_ids.reservation_date = fields.Date.today()
        self.world.decide(hold, "release")
        self.assertEqual(picking.state, "assigned")
        self.assertEqual(self.world.reserved(self.part, self.lot_a), 5)
        self.assertEqual(other.state, "confirmed", "reserved by hand, as its type says")

    def test_released_stock_waits_where_nothing_is_reserved_by_itself(self):
        self.env["ir.config_parameter"].set_param("stock.picking_no_auto_reserve", "1")
        picking = self.world.transfer(self.part, 15)
        hold = self.world.hold(self.lot_a)
        self.world.decide(hold, "release")
        self.assertStays(self.lot_a)
        self.assertEqual(picking.state, "confirmed")

    def test_qh_12_negative_stock_elsewhere_does_not_cover_for_a_held_quantity(self):
        oil = self.world.product("Oil", "none")
        quant = self.world.put(oil, 10)
        self.world.hold(quant, quantity=8)
        picking = self.world.transfer(oil, 5, source=self.world.stock)
        with self.assertRaisesRegex(UserError, "QH/"), self.cr.savepoint():
            self.world.line(
                picking,
                None,
                5,
                self.world.as_user("stk"),
                location_id=self.world.stock.id,
            )
            picking.move_ids.picked = True
            self.as_user(picking, "stk").button_validate()
        self.assertEqual(self.world.on_hand(oil), 10)

    def test_qh_13_two_holds_need_two_releases(self):
        first = self.world.hold(self.lot_a)
        second = self.world.hold(self.lot_a, reason="SPEC")
        self.world.decide(first, "release")
        self.assertEqual(first.state, "closed")
        self.assertTrue(self.lot_a.is_on_hold)
        picking = self.as_user(self.world.transfer(self.part, 20), "stk")
        picking.action_assign()
        self.assertStays(self.lot_a)
        self.world.decide(second, "release")
        self.assertFalse(self.lot_a.is_on_hold)
        picking.action_assign()
        self.assertEqual(self.world.reserved(self.part, self.lot_a), 10)

    def test_qh_14_held_stock_is_on_hand_but_not_free(self):
        self.world.hold(self.lot_a)
        part = self.as_user(self.part, "stk").with_context(location=self.world.stock.id)
        self.assertEqual(part.qty_available, 20)
        self.assertEqual(part.free_qty, 10)
        self.assertEqual(part.virtual_available, 10)
        self.assertEqual(part.hold_qty, 10)

    def test_qh_14_sixty_of_a_hundred_are_replenished_and_not_promised(self):
        oil, engine = self.world.product("Oil", "none"), self.world.product("Engine")
        self.world.put(oil, 100)
        self.world.hold(oil, 60)
        warehouse = self.world.warehouse
        # As planners, and as the web shop, which asks for the warehouse and with sudo.
        stock_user = self.as_user(oil, "stk")
        for product in (stock_user, oil.sudo()):
            product = product.with_context(warehouse=warehouse.id)
            self.assertEqual((product.qty_available, product.free_qty), (100, 40))
            self.assertEqual(product.virtual_available, 40)
        orderpoint = self.env["stock.warehouse.orderpoint"].create(
            {
                "product_id": oil.id,
                "location_id": self.world.stock.id,
                "warehouse_id": warehouse.id,
                "product_min_qty": 50,
                "product_max_qty": 50,
            }
        )
        self.assertGreaterEqual(orderpoint.qty_to_order, 10)
        self.world.bom(engine, [(oil, 50)])
        order = self.world.order(engine, 1)
        self.assertNotEqual(order.components_availability_state, "available")
        self.assertLess(order.move_raw_ids.forecast_availability, 50)

    def test_qh_14_nettable_reason_stays_in_the_plan(self):
        self.world.hold(self.lot_a, reason="INSPECT")
        part = self.part.with_context(location=self.world.stock.id)
        self.assertEqual(part.free_qty, 10)
        self.assertEqual(part.virtual_available, 20)

    def test_qh_14_orderpoint_replaces_what_is_on_hold(self):
        self.world.hold(self.lot_a)
        orderpoint = self.env["stock.warehouse.orderpoint"].create(
            {
                "product_id": self.part.id,
                "location_id": self.world.stock.id,
                "warehouse_id": self.world.warehouse.id,
                "product_min_qty": 20,
                "product_max_qty": 20,
            }
        )
        self.assertEqual(orderpoint.qty_forecast, 10)
        self.assertEqual(orderpoint.qty_to_order, 10)

    def test_qh_14_order_is_not_promised_held_components(self):
        gear = self.world.product("Gear", "none")
        self.world.bom(gear, [(self.part, 15)])
        order = self.world.order(gear, 1)
        self.world.hold(self.lot_a)
        self.as_user(order, "stk").action_assign()
        self.assertEqual(order.move_raw_ids.quantity, 10)
        self.assertNotEqual(order.components_availability_state, "available")

    def test_qh_30_without_quality_rights_other_stock_moves_freely(self):
        other = self.world.product("Other", "none")
        oil = self.world.product("Oil", "none")
        self.world.put(other, 5)
        self.world.put(oil, 10)
        # Of every kind that guards look at: lot, quantity, location, package.
        self.world.hold(self.lot_a)
        self.world.hold(oil, quantity=4)
        self.world.hold(self.world.location("Elsewhere"))
        self.world.hold(self.world.package("BOX"))
        # A plant may have taken the right to see holds away from its warehouse.
        stock = self.env.ref("stock.group_stock_user")
        place = self.env.ref("mfg_quality_hold.group_place")
        plain = self.world.user("plain", "stock.group_stock_user")
        stock.implied_ids -= place
        plain.groups_id -= place
        picking = self.world.transfer(other, 5).with_user(plain)
        for records in (picking, self.env["mfg.quality.hold"].with_user(plain)):
            may_read = records.check_access_rights("read", raise_exception=False)
            self.assertEqual(bool(may_read), records == picking)
        self.env.invalidate_all()
        # Screens that warn of holds open as well.
        for record in (picking, self.lot_a, self.world.shelf, oil):
            self.assertTrue(Form(record.with_user(plain)))
        picking.action_assign()
        picking.move_ids.picked = True
        self.assertIs(picking.button_validate(), True)
        self.assertEqual(picking.state, "done")
        self.assertEqual(self.world.on_hand(other), 0)

    def test_qh_30_lots_show_people_of_quality_no_business(self):
        """Traces consist of lots, so whoever sees holds reads them: and nothing behind."""
        customer = self.env["res.partner"].create({"name": "Secret Customer"})
        shipped = self.world.transfer(self.part, 2)
        shipped.partner_id = customer
        self.world.line(shipped, self.lot_a, 2)
        shipped.move_ids.picked = True
        shipped.with_context(skip_backorder=True)._action_done()
        self.world.hold(self.lot_a, note="Only quality knows")
        self.env.invalidate_all()
        lot = self.as_user(self.lot_a, "apr1")
        self.assertEqual(lot.read(["name"])[0]["name"], "A")
        with self.assertRaises(AccessError):
            lot.read(["delivery_ids"])
        for right in ("write", "create", "unlink"):
            self.assertFalse(lot.check_access_rights(right, raise_exception=False))
        # And who has no quality rights at all reads neither lots nor holds.
        plain = self.world.as_user("none")
        for model in (
            "stock.lot",
            "mfg.quality.hold",
            "mfg.quality.hold.line",
            "mfg.quality.disposition",
            "mfg.quality.signature",
            "mfg.quality.inspection",
            "mfg.quality.trace",
            "mfg.quality.hold.reason",
        ):
            with self.subTest(model), self.assertRaises(AccessError):
                plain[model].search([])
