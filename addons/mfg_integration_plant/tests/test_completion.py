from odoo.tests import tagged

from .common import PlantCase


class Failure(Exception):
    """Whatever goes wrong after an order was finished."""


@tagged("post_install", "-at_install")
class TestCompletion(PlantCase):
    """One message for each finished order, whatever finished it, and no other."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.part = cls.product("Part")
        cls.gear = cls.product("Gear")
        cls.bom(cls.gear, [(cls.part, 2)])
        cls.put_in_stock(cls.part, 1000)

    def ready_order(self, quantity=1):
        order = self.order(self.gear, quantity)
        self.produce(order)
        return order

    def test_operator_without_queue_rights_finishes_and_the_message_is_there(self):
        self.assertFalse(self.operator.has_group("mfg_integration_queue.group_viewer"))
        order = self.ready_order()
        self.assertEqual(list(self.finish(order)), [order.name])

    def test_event_points_to_the_order_and_its_company(self):
        order = self.ready_order()
        (event,) = self.events_of(order.button_mark_done)
        self.assertEqual(event["aggregateid"], str(order.id))
        self.assertEqual(event["company_id"], self.plant.id)

    def test_several_orders_in_one_call(self):
        orders = self.ready_order() + self.ready_order(2) + self.ready_order(3)
        payloads = self.finish(orders)
        self.assertEqual(
            [payloads[order.name]["quantity"]["value"] for order in orders], [1, 2, 3]
        )

    def test_immediate_production_without_noting_a_quantity(self):
        order = self.order(self.gear, 7)
        self.assertEqual(self.finish(order)[order.name]["quantity"]["value"], 7)

    def test_moves_posted_by_other_code_finish_the_order_too(self):
        order = self.ready_order(3)
        order.move_finished_ids.quantity = 3
        order.move_finished_ids.picked = True

        def post_moves():
            moves = order.move_raw_ids | order.move_finished_ids
            moves.with_context(skip_mo_check=True)._action_done()

        events = self.events_of(post_moves)
        self.assertEqual(order.state, "done")
        self.assertEqual(
            [event["payload"]["quantity"]["value"] for event in events], [3]
        )

    def test_a_done_order_written_again_stays_silent(self):
        order = self.ready_order()
        self.finish(order)
        self.env.invalidate_all()
        self.assertEqual(self.events_of(lambda: order.write({"state": "done"})), [])

    def test_cancelled_order_stays_silent(self):
        order = self.ready_order()
        self.assertEqual(self.events_of(order.action_cancel), [])
        self.assertEqual(order.state, "cancel")

    def test_order_that_only_consumed_stays_silent(self):
        order = self.order(self.gear, 2)
        order.move_raw_ids.quantity = 1
        order.move_raw_ids.picked = True
        order.move_raw_ids._action_done()
        self.assertEqual(self.events_of(order.action_cancel), [])

    def test_order_closed_by_other_code_without_a_product_stays_silent(self):
        order = self.order(self.gear, 2)
        self.assertEqual(self.events_of(lambda: order.write({"state": "done"})), [])
        self.assertEqual(order.state, "done")

    def test_company_nobody_listens_to_stays_silent(self):
        self.subscription.active = False
        order = self.ready_order()
        self.assertEqual(self.events_of(order.button_mark_done), [])
        self.assertEqual(order.state, "done")

    def test_other_company_is_not_heard_here(self):
        other = self.env["res.company"].create({"name": "Silent Plant"})
        widget = self.product("Widget", company=other)
        order = (
            self.env["mrp.production"]
            .with_company(other)
            .create({"product_id": widget.id, "product_qty": 1, "company_id": other.id})
        )
        order.action_confirm()
        self.assertEqual(self.events_of(order.button_mark_done), [])
        self.assertEqual(order.state, "done")

    def test_rollback_takes_the_message_back(self):
        order = self.ready_order()

        def fail_after_finishing():
            with self.assertRaises(Failure), self.env.cr.savepoint():
                order.button_mark_done()
                raise Failure

        self.assertEqual(self.events_of(fail_after_finishing), [])
        self.assertNotEqual(order.state, "done")
        self.assertEqual(list(self.finish(order)), [order.name])

    def test_rollback_to_a_savepoint_without_flush_takes_the_message_back(self):
        order = self.ready_order()

        def fail_after_finishing():
            with (
                self.assertRaises(Failure),
                self.env.cr.savepoint(flush=False),
            ):
                order.button_mark_done()
                self.env.flush_all()
                raise Failure
            self.env.invalidate_all(flush=False)

        self.assertEqual(self.events_of(fail_after_finishing), [])

    def test_released_savepoint_keeps_the_message(self):
        order = self.ready_order()

        def finish_in_savepoint():
            with self.env.cr.savepoint():
                order.button_mark_done()

        self.assertEqual(len(self.events_of(finish_in_savepoint)), 1)

    def test_queries_do_not_grow_with_the_number_of_orders(self):
        self.assertEqual(self._queries_to_emit(1), self._queries_to_emit(100))

    def test_nobody_listening_costs_no_query(self):
        self.subscription.active = False
        self.assertEqual(self._queries_to_emit(2), 0)

    def _queries_to_emit(self, count):
        """Finish orders with lots on both sides; count what their messages cost."""
        self.warehouse.manu_type_id.use_auto_consume_components_lots = True
        motor = self.product("Motor", "lot")
        rotor = self.product("Rotor", "lot")
        self.bom(motor, [(rotor, 1), (self.part, 3)])
        for name in ("R-1", "R-2"):
            self.put_in_stock(rotor, 0.5 * count, self.lot(rotor, name))
        orders = self.env["mrp.production"].with_user(self.operator)
        orders = orders.create(
            [{"product_id": motor.id, "product_qty": 1} for _number in range(count)]
        )
        orders.action_confirm()
        orders.action_assign()
        orders.button_mark_done()
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        self.env.cr.precommit.run()
        return self.env.cr.sql_log_count - before
