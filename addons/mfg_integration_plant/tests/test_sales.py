import itertools
import json
from datetime import datetime

import jsonschema

from odoo.tests import tagged

from .inbound_common import InboundPlantCase, quantity

ORDERED = "sales.ordered"
SHIPPED = "shipment.confirmed"


@tagged("post_install", "-at_install")
class TestSales(InboundPlantCase):
    """An order channel whose orders are entered, and which hears of what was shipped."""

    codes = (ORDERED,)
    service_groups = "sales_team.group_sale_salesman_all_leads"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.interface = cls.env.ref(
            "mfg_integration_plant.interface_shipment_confirmed"
        )
        cls.subscribe_to(cls.interface)
        cls.motor = cls.product("Motor", "lot", default_code="MT-1", list_price=120)
        cls.screw = cls.product("Screw", default_code="SC-1", list_price=2)
        for product in cls.motor | cls.screw:
            product.taxes_id = False
        cls.customer = cls.env["res.partner"].create(
            {
                "name": "Machines Inc",
                "ref": "C-200",
                "company_id": cls.plant.id,
                "child_ids": [
                    (0, 0, {"name": "Gate 4", "ref": "C-200-4", "type": "delivery"})
                ],
            }
        )
        cls.gate = cls.customer.child_ids
        cls.picker = cls.user(
            "plant_test_picker", "stock.group_stock_user,stock.group_production_lot"
        )

    def line(self, item, value, unit="Units", **more):
        return {"item": item, "quantity": quantity(value, unit), **more}

    def payload(self, *lines, number="PO-1", customer="C-200", **values):
        return {
            "number": number,
            "customer": customer,
            "lines": list(lines),
            **values,
        }

    def orders(self):
        return self.env["sale.order"].search([("company_id", "=", self.plant.id)])

    def told(self, action):
        return [
            event["payload"]
            for event in self.events_of(action)
            if event["type"] == f"mfg.{SHIPPED}.v1"
        ]

    def test_pi_01_order_is_entered_confirmed_shipped_and_told(self):
        result = self.done(
            ORDERED,
            self.payload(
                self.line("MT-1", 2, "Dozens", unit_price=1440),
                self.line("SC-1", 10),
                ship_to="C-200-4",
                requested_at="2031-03-20T10:00:00+01:00",
                note="Gate 4 <b>only</b>",
            ),
        )
        order = self.orders()
        self.assertEqual(result["order"], order.name)
        self.assertEqual(order.state, "sale")
        self.assertEqual(order.client_order_ref, "PO-1")
        self.assertEqual(order.partner_shipping_id, self.gate)
        self.assertEqual(order.commitment_date, datetime(2031, 3, 20, 9))
        self.assertIn("&lt;b&gt;only", order.note)
        self.assertEqual(result["amount_untaxed"], 2900)
        self.assertEqual(
            [
                (line.product_id, line.product_uom_qty, line.product_uom)
                for line in order.order_line
            ],
            [(self.motor, 2, self.dozen), (self.screw, 10, self.unit)],
        )
        delivery = order.picking_ids
        self.assertEqual(result["deliveries"], [delivery.name])

        for name, amount in (("M-1", 14), ("M-2", 4)):
            self.put_in_stock(self.motor, amount, self.lot(self.motor, name))
        self.put_in_stock(self.screw, 10)
        delivery = delivery.with_user(self.picker)
        delivery.action_assign()

        def ship():
            action = delivery.button_validate()
            wizard = self.env[action["res_model"]].with_user(self.picker)
            wizard.with_context(**action["context"]).create({}).process()

        (payload,) = self.told(ship)
        schema = json.loads(self.interface.current_version_id.schema)
        jsonschema.Draft7Validator(schema).validate(payload)
        self.assertEqual(payload["shipment"], delivery.name)
        self.assertEqual(payload["order"], order.name)
        self.assertEqual(payload["customer_reference"], "PO-1")
        self.assertEqual(payload["customer"]["code"], "C-200-4")
        self.assertTrue(payload["backorder"])
        motor, screw = payload["lines"]
        self.assertEqual(motor["quantity"], quantity(18))
        self.assertEqual(
            {lot["name"]: lot["quantity"]["value"] for lot in motor["lots"]},
            {"M-1": 14, "M-2": 4},
        )
        self.assertEqual((screw["quantity"], screw["lots"]), (quantity(10), []))

        self.put_in_stock(self.motor, 6, self.lot(self.motor, "M-3"))
        rest = delivery.backorder_ids
        rest.action_assign()
        (payload,) = self.told(rest.button_validate)
        self.assertFalse(payload["backorder"])
        self.assertEqual(payload["lines"][0]["quantity"], quantity(6))

    def test_receipts_and_transfers_are_no_shipments(self):
        self.put_in_stock(self.screw, 5)
        transfer = (
            self.env["stock.picking"]
            .with_user(self.picker)
            .create(
                {
                    "picking_type_id": self.warehouse.int_type_id.id,
                    "location_id": self.stock.id,
                    "location_dest_id": self.stock.id,
                    "move_ids": [
                        (
                            0,
                            0,
                            {
                                "name": "Screw",
                                "product_id": self.screw.id,
                                "product_uom_qty": 5,
                                "location_id": self.stock.id,
                                "location_dest_id": self.stock.id,
                            },
                        )
                    ],
                }
            )
        )
        transfer.action_confirm()
        transfer.action_assign()
        self.assertFalse(self.told(transfer.button_validate))
        self.assertEqual(transfer.state, "done")

    def test_statements_per_delivery_do_not_grow(self):
        numbers = itertools.count(1)

        def shipped(count):
            for _order in range(count):
                self.done(
                    ORDERED,
                    self.payload(self.line("SC-1", 1), number=f"PO-{next(numbers)}"),
                )
            deliveries = self.orders().picking_ids.filtered(
                lambda each: each.state not in ("done", "cancel")
            )
            self.put_in_stock(self.screw, count)
            deliveries.action_assign()
            deliveries.button_validate()
            trigger = self.env.ref("mfg_integration_plant.trigger_shipment_confirmed")
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            for delivery in trigger._met(deliveries.ids):
                delivery._mfg_integration_payload(SHIPPED)
            return self.env.cr.sql_log_count - before

        shipped(1)
        self.assertEqual(shipped(1), shipped(10))

    def test_pi_02_order_sent_twice_and_again_under_another_key(self):
        payload = self.payload(self.line("SC-1", 10))
        first = self.report(ORDERED, payload, key="s-1")
        again = self.report(ORDERED, payload, key="s-1")
        self.assertEqual(first, again)
        self.assertTrue(self.replayed)
        self.assertEqual(len(self.orders()), 1)
        self.refused(ORDERED, payload, f"in Odoo already as {self.orders().name}")
        self.assertEqual(len(self.orders()), 1)

    def test_pi_04_orders_that_are_refused_leave_nothing(self):
        stranger = self.env["res.partner"].create({"name": "Else", "ref": "C-9"})
        self.product("Jig", default_code="JG-1", sale_ok=False)
        good = self.line("SC-1", 1)
        for payload, pattern in (
            (self.payload(good, customer="C-0"), "partner “C-0” is not known"),
            (self.payload(good, self.line("4711", 1)), "item “4711” is not known"),
            (self.payload(self.line("SC-1", 1, "Barrel")), "“Barrel” is not known"),
            (self.payload(self.line("SC-1", 1, "kg")), "kg is not a unit of"),
            (self.payload(self.line("SC-1", -1)), "has to be above zero"),
            (self.payload(self.line("SC-1", 0)), "has to be above zero"),
            (self.payload(self.line("SC-1", 1e12)), "out of range"),
            (self.payload(self.line("JG-1", 1)), "is not sold"),
            (
                self.payload(good, self.line("MT-1", 1, unit_price=119)),
                "promised at 119.0, ours is 120.0",
            ),
            (self.payload(good, currency="XTS"), "prices are in XTS"),
            (self.payload(good, ship_to=stranger.ref), "is not one of"),
        ):
            with self.subTest(pattern):
                self.refused(ORDERED, payload, pattern)
        self.customer.write({"sale_warn": "block", "sale_warn_msg": "Owes us money"})
        self.refused(ORDERED, self.payload(good), "blocked for sales: Owes us money")
        self.assertFalse(self.orders())

    def test_pi_04_unknown_item_after_a_cross_reference(self):
        exception = self.refused(
            ORDERED, self.payload(self.line("SKU-7", 3)), "is not known"
        )
        self.xref(self.screw, "SKU-7")
        message = self.process_again(exception)
        self.assertEqual(message.state, "processed", message.error)
        self.assertEqual(self.orders().order_line.product_id, self.screw)

    def test_pi_04_customer_of_another_company(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        self.env["res.partner"].create(
            {"name": "Theirs", "ref": "C-300", "company_id": other.id}
        )
        self.refused(
            ORDERED,
            self.payload(self.line("SC-1", 1), customer="C-300"),
            "partner “C-300” is not known",
        )
