from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from .common import HoldCase


@tagged("post_install", "-at_install")
class TestOrders(HoldCase):
    """Manufacturing and receipts."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.gear = cls.world.product("Gear", "none")
        cls.world.bom(cls.gear, [(cls.part, 2)], operation="Turn")

    def test_qh_07_order_takes_the_good_lot(self):
        order = self.world.order(self.gear, 5)
        self.world.hold(self.lot_a)
        order = self.as_user(order, "stk")
        order.action_assign()
        self.assertEqual(order.move_raw_ids.move_line_ids.lot_id, self.lot_b)
        with Form(order) as form:
            form.qty_producing = 5
        order.move_raw_ids.picked = True
        order.with_context(skip_consumption=True).button_mark_done()
        self.assertEqual(order.state, "done")
        self.assertStays(self.lot_a)
        self.assertEqual(self.world.on_hand(self.part, self.lot_b), 0)

    def test_qh_22_held_order_stands_still(self):
        order = self.world.order(self.gear, 1)
        other = self.world.order(self.gear, 1)
        hold = self.world.hold(order)
        order = self.as_user(order, "mgr")
        work = order.workorder_ids
        self.assertTrue(order.is_on_hold)
        for call in (
            order.action_assign,
            order.button_plan,
            order.button_mark_done,
            order.action_cancel,
            work.button_start,
            work.button_finish,
            work.action_mark_as_done,
            order.move_raw_ids._action_done,
        ):
            with self.subTest(call.__name__), self.cr.savepoint():
                with self.assertRaisesRegex(UserError, hold.name):
                    call()
        with self.assertRaisesRegex(UserError, hold.name):
            self.env["mrp.workcenter.productivity"].create(
                {
                    "workorder_id": work.id,
                    "workcenter_id": work.workcenter_id.id,
                    "loss_id": self.env.ref("mrp.block_reason7").id,
                }
            )
        self.as_user(other.workorder_ids, "stk").button_start()
        self.world.decide(hold, "release")
        self.assertFalse(order.is_on_hold)
        work.button_start()
        self.assertEqual(order.state, "progress")

    def test_qh_22_held_work_order_leaves_the_others_alone(self):
        order = self.world.order(self.gear, 1)
        other = self.world.order(self.gear, 1)
        hold = self.world.hold(order.workorder_ids)
        with self.assertRaisesRegex(UserError, hold.name):
            self.as_user(order.workorder_ids, "stk").button_start()
        self.as_user(other.workorder_ids, "stk").button_start()

    def test_qh_15_receipt_is_received_and_then_held(self):
        receipt = self.world.transfer(
            self.part,
            4,
            source=self.world.suppliers,
            destination=self.world.shelf,
            kind="in",
        )
        hold = self.world.hold(receipt)
        lot = self.world.lot(self.part, "NEW")
        self.world.line(receipt, lot, 4)
        receipt.move_ids.picked = True
        self.as_user(receipt, "stk").button_validate()
        self.assertEqual(receipt.state, "done")
        self.assertTrue(lot.is_on_hold)
        self.assertEqual(
            hold.line_ids.filtered(lambda line: line.state == "active").lot_id, lot
        )

    def test_qh_15_done_receipt_and_vendor_stand_for_their_lots(self):
        receipt = self.world.ship(
            self.part,
            5,
            self.lot_a,
            source=self.world.suppliers,
            destination=self.world.shelf,
            kind="in",
        )
        hold = self.world.hold(receipt)
        self.assertEqual(hold.line_ids.lot_id, self.lot_a)
        vendor = self.world.hold(self.world.partner, user="qa")
        self.assertEqual(vendor.line_ids.lot_id, self.lot_a)
        product = self.world.hold(self.part, user="qa")
        self.assertEqual(product.line_ids.lot_id, self.lot_a | self.lot_b)

    def test_qh_08_unbuild_of_a_held_lot(self):
        gear = self.world.product("Tracked", "lot")
        self.world.bom(gear, [(self.part, 1)])
        lot = self.world.lot(gear, "G")
        order = self.world.produce(gear, 2, lot, [(self.part, self.lot_b, 2)])
        hold = self.world.hold(lot)
        unbuild = self.world.as_user("stk")["mrp.unbuild"].create(
            {
                "mo_id": order.id,
                "product_id": gear.id,
                "lot_id": lot.id,
                "product_qty": 2,
                "product_uom_id": gear.uom_id.id,
                "company_id": self.world.company.id,
                "location_id": self.world.stock.id,
                "location_dest_id": self.world.stock.id,
            }
        )
        with self.assertRaisesRegex(UserError, hold.name):
            unbuild.action_unbuild()
        self.assertEqual(self.world.on_hand(gear, lot), 2)
