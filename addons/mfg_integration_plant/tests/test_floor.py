import json

from odoo.tests import tagged

from odoo.addons.mfg_integration_queue.engine.problem import Problem

from .inbound_common import InboundPlantCase, moment, quantity


@tagged("post_install", "-at_install")
class TestFloor(InboundPlantCase):
    """What the floor reports about manufacturing orders."""

    codes = (
        "production.operation",
        "production.consumption",
        "production.confirmation",
    )

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.motor = cls.product("Motor", "lot", default_code="MT-1")
        cls.housing = cls.product("Housing", "lot", default_code="HS-1")
        cls.screw = cls.product("Screw", default_code="SC-1")
        cls.center = cls.work_center()
        cls.motor_bom = cls.bom(cls.motor, [(cls.housing, 1), (cls.screw, 4)])
        cls.housing_lots = {
            name: cls.lot(cls.housing, name) for name in ("HS-0001", "HS-0002")
        }
        for lot in cls.housing_lots.values():
            cls.put_in_stock(cls.housing, 50, lot)
        cls.put_in_stock(cls.screw, 1000)

    def routed(self):
        """Let motors be assembled at the work center, then packed."""
        self.motor_bom.operation_ids = [
            (0, 0, {"name": name, "workcenter_id": self.center.id, "sequence": number})
            for number, name in enumerate(("Assemble", "Pack"))
        ]

    def confirmation(self, order, value=10, lot="MT-0001", unit="Units", **values):
        return {
            "order": order.name,
            "quantity": quantity(value, unit),
            "lots": [{"name": lot, "quantity": quantity(value, unit)}] if lot else [],
            "finished_at": moment(minutes=1),
            **values,
        }

    def consumption(self, order, *lines):
        return {
            "order": order.name,
            "components": [
                {"item": item, "quantity": quantity(value, unit), "lot": lot}
                for item, value, unit, lot in lines
            ],
        }

    def operation(self, order, action, name="Assemble", **values):
        return {
            "order": order.name,
            "operation": name,
            "action": action,
            "at": moment(minutes=5),
            **values,
        }

    def state_of(self, order):
        """Return what a refusal must not change."""
        moves = order.move_raw_ids | order.move_finished_ids
        return (
            order.state,
            order.name,
            order.qty_producing,
            order.lot_producing_id,
            [(move.quantity, move.picked, move.state) for move in moves],
            [(line.lot_id, line.quantity, line.picked) for line in moves.move_line_ids],
            self.env["stock.lot"].search_count([("product_id", "=", self.motor.id)]),
            order.workorder_ids.mapped("state"),
        )

    # what is reported happens

    def test_pi_01_material_operations_and_goods_of_an_order(self):
        self.routed()
        order = self.order(self.motor, 10)
        self.done(
            "production.operation",
            self.operation(order, "start", at=moment(minutes=62)),
        )
        self.assertEqual(order.workorder_ids[0].state, "progress")
        self.done(
            "production.consumption",
            self.consumption(
                order,
                ("HS-1", 4, "Units", "HS-0001"),
                ("HS-1", 6, "Units", "HS-0002"),
            ),
        )
        result = self.done(
            "production.operation",
            self.operation(
                order,
                "complete",
                at=moment(minutes=2),
                quantity=quantity(9),
                scrap=[{"item": "SC-1", "quantity": quantity(3)}],
                downtime=[
                    {
                        "from": moment(minutes=40),
                        "to": moment(minutes=30),
                        "reason": "Equipment Failure",
                    }
                ],
            ),
        )
        self.assertEqual(result["state"], "done")
        workorder = order.workorder_ids[0]
        self.assertEqual(workorder.qty_produced, 9)
        self.assertEqual(round(workorder.duration), 60)
        self.assertEqual(order.scrap_ids.scrap_qty, 3)
        stop = self.env["mrp.workcenter.productivity"].search(
            [("workcenter_id", "=", self.center.id), ("workorder_id", "=", False)]
        )
        # its duration counts working hours only
        stood = (stop.date_end - stop.date_start).total_seconds()
        self.assertAlmostEqual(stood, 600, delta=2)
        result = self.done("production.confirmation", self.confirmation(order))
        self.assertEqual(result["produced"], 10)
        self.assertEqual(result["open"], 0)
        self.assertEqual(order.state, "done")
        self.assertEqual(self.on_hand(self.motor, "MT-0001"), 10)
        self.assertEqual(self.on_hand(self.housing, "HS-0001"), 46)
        self.assertEqual(self.on_hand(self.housing, "HS-0002"), 44)
        self.assertEqual(self.on_hand(self.screw), 1000 - 40 - 3)
        # four that came, and the completion that was told to others
        self.assertEqual(order.with_user(self.keeper).sudo().mfg_message_count, 5)

    def test_partial_confirmations_go_on_under_the_released_number(self):
        order = self.order(self.motor, 10)
        number = order.name
        first = self.confirmation(order, 4)
        second = {**self.confirmation(order, 6, "MT-0002"), "order": number}
        self.assertEqual(self.done("production.confirmation", first)["open"], 6)
        result = self.done("production.confirmation", second)
        self.assertEqual(result["open"], 0)
        orders = order.procurement_group_id.mrp_production_ids
        self.assertEqual(orders.mapped("state"), ["done", "done"])
        self.assertEqual(self.on_hand(self.motor, "MT-0001"), 4)
        self.assertEqual(self.on_hand(self.motor, "MT-0002"), 6)
        self.assertEqual(self.on_hand(self.screw), 960)

    def test_final_confirmation_gives_up_the_rest(self):
        order = self.order(self.motor, 10)
        result = self.done(
            "production.confirmation", self.confirmation(order, 7, final=True)
        )
        self.assertEqual(result["open"], 0)
        self.assertEqual(order.procurement_group_id.mrp_production_ids, order)
        self.assertEqual(order.qty_produced, 7)

    def test_several_lots_and_serial_numbers_in_one_message(self):
        drive = self.product("Drive", "serial", default_code="DR-1")
        self.bom(drive, [(self.screw, 1)])
        order = self.order(drive, 3)
        numbers = ["D-1", "D-2", "D-3"]
        self.done(
            "production.confirmation",
            {
                "order": order.name,
                "quantity": quantity(3),
                "lots": [{"name": each, "quantity": quantity(1)} for each in numbers],
            },
        )
        for number in numbers:
            self.assertEqual(self.on_hand(drive, number), 1)
        self.assertEqual(self.on_hand(self.screw), 997)

    def test_unit_of_the_sender_is_converted(self):
        order = self.order(self.motor, 24)
        self.xref(self.dozen, "DZ")
        self.done("production.confirmation", self.confirmation(order, 2, unit="DZ"))
        self.assertEqual(self.on_hand(self.motor, "MT-0001"), 24)

    def test_only_issued_material_is_consumed_without_backflush(self):
        order = self.order(self.motor, 10)
        self.done(
            "production.consumption",
            self.consumption(order, ("HS-1", 10, "Units", "HS-0002")),
        )
        self.done("production.confirmation", self.confirmation(order, backflush=False))
        self.assertEqual(self.on_hand(self.housing, "HS-0002"), 40)
        self.assertEqual(self.on_hand(self.screw), 1000)

    def test_issues_add_up(self):
        order = self.order(self.motor, 10)
        for value in (3, 4):
            self.done(
                "production.consumption",
                self.consumption(order, ("HS-1", value, "Units", "HS-0001")),
            )
        move = order.move_raw_ids.filtered(lambda each: each.product_id == self.housing)
        self.assertEqual(move.quantity, 7)
        self.assertTrue(move.picked)

    def test_component_that_was_not_planned(self):
        shim = self.product("Shim", default_code="SH-1")
        self.put_in_stock(shim, 5)
        order = self.order(self.motor, 10)
        self.done(
            "production.consumption",
            self.consumption(order, ("SH-1", 2, "Units", None)),
        )
        self.done("production.confirmation", self.confirmation(order))
        self.assertEqual(self.on_hand(shim), 3)

    def test_operation_by_the_code_of_its_work_center(self):
        self.motor_bom.operation_ids = [
            (0, 0, {"name": "Assemble", "workcenter_id": self.center.id})
        ]
        order = self.order(self.motor, 1)
        self.done("production.operation", self.operation(order, "start", "ASM"))
        self.done("production.operation", self.operation(order, "pause", "ASM"))
        self.assertEqual(order.workorder_ids.state, "progress")
        self.assertFalse(
            order.workorder_ids.time_ids.filtered(lambda t: not t.date_end)
        )

    def test_sender_of_another_company_finds_nothing(self):
        other = self.env["res.company"].create({"name": "Other Plant"})
        self.service.company_ids += other
        product = self.product("Foreign", company=other)
        order = self.env["mrp.production"].create(
            {"product_id": product.id, "product_qty": 1, "company_id": other.id}
        )
        self.refused(
            "production.confirmation",
            self.confirmation(order, 1, None),
            "is not known here",
        )

    # PI-02

    def test_pi_02_sent_twice_and_a_week_later(self):
        order = self.order(self.motor, 10)
        payload = self.confirmation(order, 4)
        first = self.report("production.confirmation", payload, key="c-1")
        again = self.report("production.confirmation", payload, key="c-1")
        self.assertTrue(self.replayed)
        self.assertEqual(again, first)
        self.env.cr.execute(
            "UPDATE mfg_integration_inbox_key SET created_at = created_at - interval "
            "'7 days', expires_at = expires_at - interval '7 days' WHERE key = 'c-1'"
        )
        self.inbox._cron_clean_keys()
        later = self.report("production.confirmation", payload, key="c-1")
        self.assertTrue(self.replayed)
        self.assertEqual(later, first)
        self.assertEqual(self.on_hand(self.motor), 4)

    # PI-03

    def test_pi_03_completion_before_start_waits_for_it(self):
        self.routed()
        order = self.order(self.motor, 10)
        early = self.report("production.operation", self.operation(order, "complete"))
        self.assertEqual(early.state, "parked")
        self.assertIn("has not started yet", early.error)
        self.assertFalse(early.exception_id)
        self.done(
            "production.operation", self.operation(order, "start", at=moment(minutes=9))
        )
        self.env.invalidate_all()
        self.assertEqual(early.state, "processed")
        self.assertEqual(order.workorder_ids[0].state, "done")

    def test_pi_03_others_are_not_held_up(self):
        self.routed()
        order = self.order(self.motor, 10)
        early = self.report("production.operation", self.operation(order, "complete"))
        self.done(
            "production.consumption",
            self.consumption(order, ("HS-1", 10, "Units", "HS-0001")),
        )
        self.assertEqual(early.state, "parked")

    def test_pi_03_owner_is_told_after_the_set_time(self):
        self.routed()
        self.interfaces.park_minutes = 5
        order = self.order(self.motor, 10)
        early = self.report("production.operation", self.operation(order, "complete"))
        self.let_time_pass(early, 6)
        self.process()
        self.assertEqual(early.state, "dead")
        exception = early.exception_id
        self.assertEqual(exception.reason, "waited")
        self.assertEqual(exception.error_id.code, "IN-WAIT")
        self.assertEqual(exception.activity_ids.user_id, self.keeper)
        self.assertEqual(order.workorder_ids[0].state, "ready")
        self.done(
            "production.operation", self.operation(order, "start", at=moment(minutes=9))
        )
        self.assertEqual(self.process_again(exception).state, "processed")

    def test_pi_03_confirmation_of_a_draft_waits_until_it_is_confirmed(self):
        order = (
            self.env["mrp.production"]
            .with_user(self.operator)
            .create({"product_id": self.motor.id, "product_qty": 10})
        )
        early = self.report("production.confirmation", self.confirmation(order))
        self.assertEqual(early.state, "parked")
        order.action_confirm()
        order.action_assign()
        self.process()
        self.assertEqual(early.state, "processed", early.error)
        self.assertEqual(order.state, "done")

    def test_pi_03_issue_waits_for_stock(self):
        order = self.order(self.motor, 10)
        early = self.report(
            "production.consumption",
            self.consumption(order, ("HS-1", 60, "Units", "HS-0001")),
        )
        self.assertEqual(early.state, "parked")
        self.assertRegex(early.error, r"60\.0 Units of .*HS-0001.* holds 50")

    def test_pi_03_messages_about_one_order_keep_their_order(self):
        order = self.order(self.motor, 10)
        issue = self.send(
            "production.consumption",
            self.consumption(order, ("HS-1", 10, "Units", "HS-0002")),
        )
        goods = self.send("production.confirmation", self.confirmation(order))
        self.assertEqual(issue.lane, goods.lane)
        other = self.send(
            "production.confirmation", self.confirmation(self.order(self.motor, 1), 1)
        )
        self.assertNotEqual(other.lane, goods.lane)
        self.process()
        self.assertEqual(
            [each.state for each in issue | goods | other], ["processed"] * 3
        )
        self.assertEqual(self.on_hand(self.housing, "HS-0002"), 40)

    # PI-04

    def assert_refused(self, order, payload, pattern, code="production.confirmation"):
        before = self.state_of(order)
        exception = self.refused(code, payload, pattern)
        self.assertEqual(self.state_of(order), before)
        return exception

    def test_pi_04_more_than_planned(self):
        order = self.order(self.motor, 10)
        exception = self.assert_refused(
            order, self.confirmation(order, 12), "12.0 Units are confirmed, only 10.0"
        )
        wizard = self.env["change.production.qty"].with_user(self.operator)
        wizard.create({"mo_id": order.id, "product_qty": 12}).change_prod_qty()
        self.assertEqual(self.process_again(exception).state, "processed")
        self.assertEqual(self.on_hand(self.motor, "MT-0001"), 12)

    def test_pi_04_wrong_lot(self):
        order = self.order(self.motor, 10)
        exception = self.assert_refused(
            order,
            self.consumption(order, ("HS-1", 10, "Units", "HS-9999")),
            "Lot “HS-9999” of .*Housing.* is not known here",
            "production.consumption",
        )
        payload = json.loads(exception.payload)
        payload["components"][0]["lot"] = "HS-0001"
        mine = exception.with_user(self.keeper)
        mine.payload = json.dumps(payload)
        mine.remediation_note = "Misread label"
        self.assertEqual(self.process_again(exception).state, "processed")

    def test_pi_04_lot_missing_or_needless(self):
        order = self.order(self.motor, 10)
        self.assert_refused(
            order,
            self.confirmation(order, lot=None),
            "is tracked: the message has to name",
        )
        self.assert_refused(
            order,
            self.consumption(order, ("SC-1", 10, "Units", "X-1")),
            "not tracked by lots here",
            "production.consumption",
        )

    def test_pi_04_unknown_item(self):
        order = self.order(self.motor, 10)
        exception = self.assert_refused(
            order,
            self.consumption(order, ("4711", 10, "Units", "HS-0001")),
            "item “4711” is not known here.*Cross References of system test-floor",
            "production.consumption",
        )
        self.xref(self.housing, "4711")
        self.assertEqual(self.process_again(exception).state, "processed")
        self.assertEqual(order.move_raw_ids[0].move_line_ids.lot_id.name, "HS-0001")

    def test_pi_04_item_of_another_order(self):
        order = self.order(self.motor, 10)
        self.assert_refused(
            order,
            self.confirmation(order, item="HS-1"),
            r"makes .*Motor.* the message confirms .*Housing",
        )

    def test_pi_04_wrong_unit(self):
        order = self.order(self.motor, 10)
        self.assert_refused(
            order, self.confirmation(order, unit="kg"), "kg is not a unit of .*Motor"
        )
        exception = self.assert_refused(
            order,
            self.confirmation(order, unit="ST"),
            "unit of measure “ST” is not known",
        )
        self.xref(self.unit, "ST")
        self.assertEqual(self.process_again(exception).state, "processed")
        self.assertEqual(order.state, "done")

    def test_pi_04_closed_order(self):
        order = self.order(self.motor, 10)
        order.action_cancel()
        self.assert_refused(order, self.confirmation(order), r"is closed \(Cancelled\)")
        order = self.order(self.motor, 10)
        self.done("production.confirmation", self.confirmation(order))
        self.assert_refused(
            order, self.confirmation(order, lot="MT-0002"), r"is closed \(Done\)"
        )
        self.assertEqual(self.on_hand(self.motor), 10)

    def test_pi_04_negative_zero_and_too_fine(self):
        order = self.order(self.motor, 10)
        for value, pattern in (
            (-3, "the quantity is -3.0. It has to be above zero"),
            (0, "has to be above zero"),
            (1e12, "out of range"),
            (1.005, "finer than the smallest step"),
        ):
            with self.subTest(value):
                self.assert_refused(order, self.confirmation(order, value), pattern)

    def test_pi_04_lots_that_do_not_add_up(self):
        order = self.order(self.motor, 10)
        payload = self.confirmation(order)
        payload["lots"][0]["quantity"]["value"] = 9
        self.assert_refused(
            order, payload, "the lots make 9.0 Units, the message says 10.0"
        )

    def test_pi_04_serial_number_that_exists(self):
        drive = self.product("Drive", "serial", default_code="DR-1")
        self.put_in_stock(drive, 1, self.lot(drive, "D-1"))
        order = self.order(drive, 2)
        self.done("production.confirmation", self.confirmation(order, 1, "D-2"))
        rest = order.procurement_group_id.mrp_production_ids - order
        self.assert_refused(
            rest, self.confirmation(rest, 1, "D-2"), "already been produced"
        )

    def test_pi_04_strict_consumption(self):
        self.motor_bom.consumption = "strict"
        order = self.order(self.motor, 10)
        self.done(
            "production.consumption",
            self.consumption(order, ("HS-1", 11, "Units", "HS-0001")),
        )
        self.assert_refused(
            order,
            self.confirmation(order),
            r"Housing.* 11\.0 instead of 10\.0",
        )

    def test_pi_04_time_in_the_future(self):
        order = self.order(self.motor, 10)
        payload = self.confirmation(order, finished_at=moment(days=-1))
        self.assert_refused(order, payload, "is in the future")

    def test_times_without_zone_are_refused_at_the_door(self):
        order = self.order(self.motor, 10)
        for text in ("2026-03-02T09:00:00", "yesterday"):
            with self.subTest(text), self.assertRaises(Problem) as refusal:
                self.send(
                    "production.confirmation",
                    self.confirmation(order, finished_at=text),
                )
            self.assertEqual(refusal.exception.errors[0]["pointer"], "#/finished_at")
