import json
from datetime import datetime

import jsonschema

from odoo.tests import tagged

from odoo.addons.mfg_integration_queue.engine.problem import Problem

from .inbound_common import InboundPlantCase, quantity

ORDERED = "purchase.ordered"
ACKNOWLEDGED = "purchase.acknowledged"
ANNOUNCED = "shipment.announced"
ARRIVAL = "2031-05-06T10:00:00+02:00"
ARRIVAL_UTC = datetime(2031, 5, 6, 8)


class PurchaseCase(InboundPlantCase):
    """A buyer whose vendors answer through a portal."""

    codes = (ACKNOWLEDGED, ANNOUNCED, "goods.receipt")
    service_groups = (
        "purchase.group_purchase_user,stock.group_stock_user,stock.group_production_lot"
    )

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.interface = cls.env.ref("mfg_integration_plant.interface_purchase_ordered")
        cls.subscribe_to(cls.interface)
        cls.housing = cls.product("Housing", "lot", default_code="HS-1")
        cls.screw = cls.product("Screw", default_code="SC-1")
        cls.vendor = cls.env["res.partner"].create(
            {"name": "Castings Ltd", "ref": "V-100"}
        )
        cls.buyer = cls.user("plant_test_buyer", "purchase.group_purchase_user")

    def draft(self, *lines, price=12.5):
        """Return a draft of (product, quantity) as the buyer sees it."""
        return (
            self.env["purchase.order"]
            .with_user(self.buyer)
            .create(
                {
                    "partner_id": self.vendor.id,
                    "order_line": [
                        (
                            0,
                            0,
                            {
                                "product_id": product.id,
                                "product_qty": amount,
                                "price_unit": price,
                            },
                        )
                        for product, amount in lines
                    ],
                }
            )
        )

    def purchase(self, *lines, **values):
        order = self.draft(*lines, **values)
        order.button_confirm()
        self.env.flush_all()
        return order

    def told(self, action):
        """Return the payloads of what ``action`` tells the portal."""
        return [
            event["payload"]
            for event in self.events_of(action)
            if event["type"] == f"mfg.{ORDERED}.v1"
        ]

    def line(self, item, value, unit="Units", **more):
        return {"item": item, "quantity": quantity(value, unit), **more}

    def answer(self, order, *lines, **values):
        return {
            "order": order.name,
            "status": "confirmed",
            "lines": list(lines),
            **values,
        }

    def notice(self, order, *lines, shipment="LS-1", **values):
        return {
            "order": order.name,
            "shipment": shipment,
            "lines": list(lines),
            **values,
        }

    def activities(self, order):
        return order.sudo().activity_ids.filtered(
            lambda each: each.summary == "Vendor's confirmation differs"
        )


@tagged("post_install", "-at_install")
class TestPurchaseOrdered(PurchaseCase):
    """What the portal is told about orders."""

    def test_pi_01_confirmed_changed_and_cancelled_order_is_told(self):
        self.env["product.supplierinfo"].create(
            {
                "partner_id": self.vendor.id,
                "product_tmpl_id": self.housing.product_tmpl_id.id,
                "product_code": "C-7781",
                "price": 12.5,
                "company_id": self.plant.id,
            }
        )
        order = self.draft((self.housing, 100), (self.screw, 500))
        (payload,) = self.told(order.button_confirm)
        self.validate(payload)
        self.assertEqual((payload["order"], payload["status"]), (order.name, "ordered"))
        self.assertEqual(payload["vendor"], {"code": "V-100", "name": "Castings Ltd"})
        self.assertEqual(payload["amount_untaxed"], 7500)
        self.assertEqual(payload["ship_to"]["code"], "TP")
        housing, screw = payload["lines"]
        self.assertEqual(housing["line"], order.order_line[0].id)
        self.assertEqual(housing["product"]["code"], "HS-1")
        self.assertEqual(housing["vendor_item"], {"code": "C-7781", "name": None})
        self.assertEqual(housing["quantity"], quantity(100))
        self.assertEqual(housing["unit_price"], 12.5)
        self.assertIsNone(screw["vendor_item"])

        def change():
            order.order_line[0].product_qty = 120
            order.order_line[1].write({"price_unit": 11, "product_qty": 400})

        (payload,) = self.told(change)
        self.assertEqual(
            [line["quantity"]["value"] for line in payload["lines"]], [120, 400]
        )
        self.assertEqual(payload["lines"][1]["unit_price"], 11)
        (payload,) = self.told(order.button_cancel)
        self.validate(payload)
        self.assertEqual(payload["status"], "cancelled")

    def validate(self, payload):
        jsonschema.Draft7Validator(
            json.loads(self.interface.current_version_id.schema)
        ).validate(payload)

    def test_line_that_is_added_to_a_confirmed_order_is_told(self):
        order = self.purchase((self.housing, 100))

        def add():
            order.write(
                {
                    "order_line": [
                        (0, 0, {"product_id": self.screw.id, "product_qty": 5})
                    ]
                }
            )

        (payload,) = self.told(add)
        self.assertEqual(len(payload["lines"]), 2)

    def test_what_was_never_ordered_and_what_is_no_change_is_not_told(self):
        order = self.draft((self.housing, 100))

        def change():
            order.order_line.product_qty = 7

        self.assertFalse(self.told(change))
        self.assertFalse(self.told(order.button_cancel))
        confirmed = self.purchase((self.housing, 100))
        self.assertFalse(
            self.told(lambda: confirmed.order_line.write({"product_qty": 100}))
        )
        self.assertFalse(self.told(lambda: confirmed.write({"notes": "Thank you"})))

    def test_nobody_pays_where_nobody_listens(self):
        trigger = self.env["mfg.integration.trigger"]
        line = self.purchase((self.housing, 1)).order_line

        def spent():
            trigger._is_heard(ORDERED)
            trigger._rules(line._name)
            before = self.env.cr.sql_log_count
            trigger._note_changes(line, {"product_qty": 5})
            return self.env.cr.sql_log_count - before

        self.assertEqual(spent(), 1)
        self.interface.subscription_ids.unlink()
        self.assertEqual(spent(), 0)


@tagged("post_install", "-at_install")
class TestPurchaseAcknowledged(PurchaseCase):
    """Vendors answer to orders."""

    def test_pi_01_confirmed_dates_reach_order_and_receipt(self):
        order = self.purchase((self.housing, 100), (self.screw, 500))
        before = order.order_line[1].date_planned
        result = self.done(
            ACKNOWLEDGED,
            self.answer(
                order,
                self.line("HS-1", 100, expected_at=ARRIVAL, unit_price=12.5),
                self.line("SC-1", 500),
                reference="AB-771",
            ),
        )
        self.assertTrue(result["accepted"])
        self.assertEqual(result["dates_changed"], 1)
        self.assertEqual(order.order_line[0].date_planned, ARRIVAL_UTC)
        self.assertEqual(order.order_line[1].date_planned, before)
        self.assertEqual(order.partner_ref, "AB-771")
        move = order.picking_ids.move_ids.filtered(
            lambda each: each.product_id == self.housing
        )
        self.assertEqual(move.date_deadline, ARRIVAL_UTC)
        # Odoo's own note for the buyer that dates have changed
        self.assertEqual(order.sudo().activity_ids.user_id, self.buyer)
        self.assertFalse(self.activities(order))

    def test_pi_01_answer_in_the_vendors_unit(self):
        order = self.purchase((self.screw, 24), price=2)
        result = self.done(
            ACKNOWLEDGED,
            self.answer(order, self.line("SC-1", 2, unit="Dozens", unit_price=24)),
        )
        self.assertTrue(result["accepted"], result)

    def test_pi_02_answer_sent_twice_and_again_under_another_key(self):
        order = self.purchase((self.screw, 5))
        payload = self.answer(order, self.line("SC-1", 5, expected_at=ARRIVAL))
        first = self.report(ACKNOWLEDGED, payload, key="a-1")
        notes = len(order.sudo().activity_ids)
        again = self.report(ACKNOWLEDGED, payload, key="a-1")
        self.assertEqual(first, again)
        self.assertTrue(self.replayed)
        self.assertEqual(self.done(ACKNOWLEDGED, payload)["dates_changed"], 0)
        self.assertEqual(len(order.sudo().activity_ids), notes)

    def test_pi_03_answer_to_an_order_that_is_not_confirmed_waits(self):
        order = self.draft((self.screw, 5))
        early = self.report(
            ACKNOWLEDGED,
            self.answer(order, self.line("SC-1", 5, expected_at=ARRIVAL)),
        )
        self.assertEqual(early.state, "parked")
        order.button_confirm()
        self.process()
        self.assertEqual(early.state, "processed", early.error)
        self.assertEqual(order.order_line.date_planned, ARRIVAL_UTC)

    def test_pi_04_deviations_are_the_buyers_and_change_nothing(self):
        order = self.purchase((self.housing, 100), (self.screw, 500))
        dates = order.order_line.mapped("date_planned")
        for lines, pattern in (
            ([self.line("HS-1", 90)], "ordered 100.0 Units, confirmed 90.0"),
            ([self.line("HS-1", 0)], "confirmed 0"),
            ([self.line("HS-1", 110)], "confirmed 110.0"),
            ([self.line("HS-1", 100, unit_price=12.6)], "confirmed at 12.6"),
            (
                [
                    self.line("HS-1", 60, expected_at=ARRIVAL),
                    self.line("HS-1", 40, expected_at="2031-06-01T00:00:00Z"),
                ],
                "several dates",
            ),
        ):
            with self.subTest(pattern):
                result = self.done(
                    ACKNOWLEDGED,
                    self.answer(
                        order,
                        *lines,
                        self.line("SC-1", 500, expected_at=ARRIVAL),
                        reference="AB-1",
                    ),
                )
                self.assertFalse(result["accepted"])
                self.assertRegex(" ".join(result["deviations"]), pattern)
                activity = self.activities(order)
                self.assertEqual(len(activity), 1)
                self.assertEqual(activity.user_id, self.buyer)
                self.assertRegex(activity.note, pattern)
        self.assertEqual(order.order_line.mapped("date_planned"), dates)
        self.assertEqual(order.order_line.mapped("product_qty"), [100, 500])
        self.assertEqual(order.order_line.mapped("price_unit"), [12.5, 12.5])
        self.assertFalse(order.partner_ref)

    def test_pi_04_rejected_order_is_the_buyers(self):
        order = self.purchase((self.screw, 5))
        result = self.done(
            ACKNOWLEDGED, self.answer(order, status="rejected", reason="Sold out")
        )
        self.assertFalse(result["accepted"])
        self.assertIn("Sold out", self.activities(order).note)
        self.assertEqual(order.state, "purchase")

    def test_pi_04_answers_that_are_refused(self):
        order = self.purchase((self.screw, 5), (self.screw, 7))
        first, second = order.order_line
        other = self.purchase((self.screw, 1)).order_line
        for line, pattern in (
            (self.line("4711", 5), "item “4711” is not known"),
            (self.line("HS-1", 5), "stands on 0 lines"),
            (self.line("SC-1", 5), "stands on 2 lines"),
            (self.line("SC-1", 5, line=other.id), "stands on 0 lines"),
            (self.line("SC-1", -5, line=first.id), "has to be above zero"),
            (self.line("SC-1", 5, unit="kg", line=first.id), "kg is not a unit of"),
        ):
            with self.subTest(pattern):
                self.refused(ACKNOWLEDGED, self.answer(order, line), pattern)
        self.refused(
            ACKNOWLEDGED,
            {"order": "P-nobody", "status": "confirmed"},
            "purchase order “P-nobody” is not known",
        )
        self.assertTrue(
            self.done(
                ACKNOWLEDGED, self.answer(order, self.line("SC-1", 7, line=second.id))
            )["accepted"]
        )
        order.sudo().button_cancel()
        self.refused(ACKNOWLEDGED, self.answer(order), "is cancelled")

    def test_pi_04_dates_that_are_none_are_refused_at_the_door(self):
        order = self.purchase((self.screw, 5))
        for date in ("soon", "2031-05-06T10:00", "2031-02-30T10:00:00Z"):
            with self.subTest(date), self.assertRaisesRegex(Problem, "IN-422"):
                self.send(
                    ACKNOWLEDGED,
                    self.answer(order, self.line("SC-1", 5, expected_at=date)),
                )

    def test_pi_04_unknown_item_after_a_cross_reference(self):
        order = self.purchase((self.screw, 5))
        exception = self.refused(
            ACKNOWLEDGED,
            self.answer(order, self.line("V-SCREW", 5, expected_at=ARRIVAL)),
            "is not known",
        )
        self.xref(self.screw, "V-SCREW")
        message = self.process_again(exception)
        self.assertEqual(message.state, "processed", message.error)
        self.assertEqual(order.order_line.date_planned, ARRIVAL_UTC)

    def test_pi_04_deviation_of_an_order_without_buyer(self):
        order = self.purchase((self.screw, 5))
        order.user_id = False
        exception = self.refused(
            ACKNOWLEDGED, self.answer(order, self.line("SC-1", 4)), "has no buyer"
        )
        order.user_id = self.buyer
        self.process_again(exception)
        self.assertEqual(len(self.activities(order)), 1)


@tagged("post_install", "-at_install")
class TestShipmentAnnounced(PurchaseCase):
    """Ship notices prepare receipts."""

    def prepared(self, receipt):
        return {
            (line.product_id, line.lot_name or line.lot_id.name): line.quantity
            for line in receipt.sudo().move_line_ids
        }

    def test_pi_01_notice_prepares_lots_and_date_and_books_nothing(self):
        order = self.purchase((self.housing, 100), (self.screw, 500))
        receipt = order.picking_ids.sudo()
        self.lot(self.housing, "HS-A")
        result = self.done(
            ANNOUNCED,
            self.notice(
                order,
                self.line("HS-1", 40, lot="HS-A"),
                self.line("HS-1", 20, lot="HS-B"),
                expected_at=ARRIVAL,
                carrier="Road Freight",
            ),
        )
        self.assertTrue(result["prepared"])
        self.assertEqual(
            self.prepared(receipt),
            {(self.housing, "HS-A"): 40, (self.housing, "HS-B"): 20},
        )
        self.assertEqual(receipt.scheduled_date, ARRIVAL_UTC)
        self.assertFalse(any(receipt.move_line_ids.mapped("picked")))
        self.assertEqual(receipt.state, "assigned")
        self.assertEqual(self.on_hand(self.housing), 0)
        # A lot that did not come yet is a name only.
        self.assertFalse(self.env["stock.lot"].search([("name", "=", "HS-B")]))
        # The floor needs no more than Odoo's own button.
        keeper = self.user(
            "plant_test_gate", "stock.group_stock_user,stock.group_production_lot"
        )
        action = receipt.with_user(keeper).button_validate()
        wizard = self.env[action["res_model"]].with_user(keeper)
        wizard.with_context(**action["context"]).create({}).process()
        self.assertEqual(receipt.state, "done")
        self.assertEqual(self.on_hand(self.housing, "HS-A"), 40)
        self.assertEqual(self.on_hand(self.housing, "HS-B"), 20)
        self.assertEqual(self.on_hand(self.screw), 0)
        self.assertEqual(order.order_line.mapped("qty_received"), [60, 0])

    def test_pi_02_notice_sent_again_corrected_and_beside_another(self):
        order = self.purchase((self.housing, 100))
        receipt = order.picking_ids.sudo()
        payload = self.notice(order, self.line("HS-1", 40, lot="HS-A"))
        first = self.report(ANNOUNCED, payload, key="n-1")
        again = self.report(ANNOUNCED, payload, key="n-1")
        self.assertEqual(first, again)
        self.done(ANNOUNCED, payload)
        self.assertEqual(self.prepared(receipt), {(self.housing, "HS-A"): 40})
        self.done(
            ANNOUNCED,
            self.notice(order, self.line("HS-1", 50, lot="HS-C"), shipment="LS-2"),
        )
        self.done(ANNOUNCED, self.notice(order, self.line("HS-1", 45, lot="HS-B")))
        self.assertEqual(
            self.prepared(receipt),
            {(self.housing, "HS-B"): 45, (self.housing, "HS-C"): 50},
        )
        self.refused(
            ANNOUNCED,
            self.notice(order, self.line("HS-1", 6, lot="HS-D"), shipment="LS-3"),
            "expects 5.0 Units .* the message says 6.0",
        )

    def test_pi_03_notice_of_an_order_that_is_not_confirmed_waits(self):
        order = self.draft((self.screw, 5))
        early = self.report(ANNOUNCED, self.notice(order, self.line("SC-1", 5)))
        self.assertEqual(early.state, "parked")
        order.button_confirm()
        self.process()
        self.assertEqual(early.state, "processed", early.error)
        self.assertEqual(order.picking_ids.move_line_ids.mfg_shipment, "LS-1")

    def test_pi_03_receipt_before_the_notice(self):
        order = self.purchase((self.housing, 100))
        goods = {
            "order": order.name,
            "delivery_note": "LS-1",
            "lines": [self.line("HS-1", 60, lot="HS-A")],
        }
        self.done("goods.receipt", goods)
        rest = order.picking_ids.filtered(lambda each: each.state != "done")
        before = self.prepared(rest)
        # Of this shipment, although a rest of the order is open.
        result = self.done(
            ANNOUNCED, self.notice(order, self.line("HS-1", 60, lot="HS-A"))
        )
        self.assertFalse(result["prepared"])
        self.assertIn("received before the notice", result["reason"])
        self.assertEqual(result["receipt"], (order.picking_ids - rest).name)
        self.assertEqual(self.prepared(rest), before)
        # Of a shipment that nothing is open for.
        self.done(
            "goods.receipt",
            {"order": order.name, "lines": [self.line("HS-1", 40, lot="HS-B")]},
        )
        result = self.done(
            ANNOUNCED,
            self.notice(order, self.line("HS-1", 40, lot="HS-B"), shipment="LS-2"),
        )
        self.assertEqual((result["receipt"], result["prepared"]), (rest.name, False))
        self.assertEqual(self.on_hand(self.housing), 100)
        self.assertEqual(set(order.picking_ids.mapped("state")), {"done"})

    def test_pi_03_notice_while_goods_are_being_received(self):
        order = self.purchase((self.screw, 5))
        line = order.picking_ids.move_line_ids
        line.write({"quantity": 3, "picked": True})
        result = self.done(ANNOUNCED, self.notice(order, self.line("SC-1", 5)))
        self.assertFalse(result["prepared"])
        self.assertEqual(line.quantity, 3)

    def test_goods_are_received_as_they_came_not_as_announced(self):
        order = self.purchase((self.housing, 100))
        self.done(ANNOUNCED, self.notice(order, self.line("HS-1", 60, lot="HS-A")))
        self.done(
            "goods.receipt",
            {"order": order.name, "lines": [self.line("HS-1", 55, lot="HS-B")]},
        )
        self.assertEqual(self.on_hand(self.housing), 55)
        self.assertEqual(self.on_hand(self.housing, "HS-B"), 55)

    def test_pi_04_notices_that_are_refused(self):
        order = self.purchase((self.housing, 10))
        receipt = order.picking_ids.sudo()
        before = self.prepared(receipt)
        for line, pattern in (
            (self.line("HS-1", 11, lot="X"), "expects 10.0 Units .* says 11.0"),
            (self.line("HS-1", 5), "has to name its lot"),
            (self.line("4711", 5), "item “4711” is not known"),
            (self.line("SC-1", 5), "expects 0 .*Screw"),
            (self.line("HS-1", -5, lot="X"), "has to be above zero"),
            (self.line("HS-1", 5, unit="kg", lot="X"), "kg is not a unit of"),
        ):
            with self.subTest(pattern):
                self.refused(ANNOUNCED, self.notice(order, line), pattern)
        self.assertEqual(self.prepared(receipt), before)
        order.button_cancel()
        self.refused(
            ANNOUNCED,
            self.notice(order, self.line("HS-1", 5, lot="X")),
            "Nothing of .* is expected any more",
        )
