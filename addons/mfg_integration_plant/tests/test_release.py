import json

import jsonschema

from odoo import Command
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import new_test_user, tagged

from .common import PlantCase

RELEASED = "production.released"


@tagged("post_install", "-at_install")
class TestRelease(PlantCase):
    """What a confirmed order tells the floor, and triggers that a consultant makes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.subscribe_to(
            cls.env.ref("mfg_integration_plant.interface_production_released")
        )
        cls.motor = cls.product("Motor", "lot", default_code="MT-1")
        cls.part = cls.product("Part", "lot", default_code="PT-1")
        cls.chips = cls.product("Chips")
        center = cls.work_center()
        cls.bom(
            cls.motor,
            [(cls.part, 2)],
            operation_ids=[
                Command.create({"name": "Assemble", "workcenter_id": center.id})
            ],
            byproduct_ids=[
                Command.create({"product_id": cls.chips.id, "product_qty": 1})
            ],
        )
        cls.put_in_stock(cls.part, 100, cls.lot(cls.part, "P-1"))
        cls.consultant = new_test_user(
            cls.env,
            "plant_test_consultant",
            "mfg_integration_queue.group_integrator,mrp.group_mrp_user",
            company_id=cls.plant.id,
            company_ids=[Command.set(cls.plant.ids)],
        )

    def draft(self, count=1, quantity=10):
        return (
            self.env["mrp.production"]
            .with_user(self.operator)
            .create(
                [
                    {"product_id": self.motor.id, "product_qty": quantity}
                    for _number in range(count)
                ]
            )
        )

    def released(self, action):
        return [
            event
            for event in self.events_of(action)
            if event["type"] == f"mfg.{RELEASED}.v1"
        ]

    def test_pi_01_confirmed_order_is_released_with_all_it_needs(self):
        order = self.draft()
        (event,) = self.released(order.action_confirm)
        payload = event["payload"]
        self.assertEqual(event["res_id"], order.id)
        self.assertEqual(payload["order"], order.name)
        self.assertEqual(payload["quantity"], {"value": 10, "unit": "Units"})
        (component,) = payload["components"]
        self.assertEqual(component["product"]["code"], "PT-1")
        self.assertEqual(component["quantity"], {"value": 20, "unit": "Units"})
        self.assertEqual(
            component["lots"],
            [{"name": "P-1", "quantity": {"value": 20, "unit": "Units"}}],
        )
        (operation,) = payload["operations"]
        self.assertEqual(operation["work_center"]["code"], "ASM")
        (by_product,) = payload["by_products"]
        self.assertEqual(by_product["quantity"]["value"], 10)
        version = self.env.ref("mfg_integration_plant.interface_production_released_v1")
        jsonschema.Draft7Validator(json.loads(version.schema)).validate(payload)

    def test_nothing_is_sent_twice_or_about_a_backorder(self):
        order = self.draft()
        self.assertEqual(len(self.released(order.action_confirm)), 1)
        self.assertFalse(self.released(order.action_assign))
        lot = self.lot(self.motor, "M-1")

        def produce_four():
            self.produce(order, 4, lot)
            action = order.button_mark_done()
            wizard = self.env[action["res_model"]].with_user(self.operator)
            wizard.with_context(**action["context"]).create({}).action_backorder()

        self.assertFalse(self.released(produce_four))

    def test_confirmation_that_is_taken_back_is_not_told(self):
        order = self.draft()

        def fail():
            try:
                with self.env.cr.savepoint():
                    order.action_confirm()
                    self.env.flush_all()
                    raise ZeroDivisionError
            except ZeroDivisionError:
                order.invalidate_recordset()

        self.assertFalse(self.released(fail))

    def test_archived_trigger_sends_nothing(self):
        trigger = self.env.ref("mfg_integration_plant.trigger_production_released")
        trigger.with_user(self.consultant).active = False
        self.assertFalse(self.released(self.draft().action_confirm))

    def test_context_of_a_caller_is_not_kept_for_everybody(self):
        trigger = self.env.ref("mfg_integration_plant.trigger_production_released")
        trigger.active = False
        triggers = self.env["mfg.integration.trigger"].with_context(active_test=False)
        self.assertNotIn("mrp.production", triggers._watched())
        self.assertFalse(triggers._rules("mrp.production"))

    def test_queries_do_not_grow_with_the_orders(self):
        def spent(count):
            orders = self.draft(count)
            orders.action_confirm()
            self.env.flush_all()
            ids = orders.ids
            trigger = self.env["mfg.integration.trigger"]
            self.env.invalidate_all()
            trigger._watched()
            trigger._rules("mrp.production")
            before = self.env.cr.sql_log_count
            trigger._note_changes(
                self.env["mrp.production"].browse(ids), {"state": "confirmed"}
            )
            return self.env.cr.sql_log_count - before

        self.assertEqual(spent(1), 1)
        self.assertEqual(spent(20), 1)

    def test_consultant_sends_a_message_of_his_own_without_code(self):
        interface = (
            self.env["mfg.integration.interface"]
            .with_user(self.consultant)
            .create(
                {
                    "name": "Lot noted",
                    "code": "order.cancelled",
                    "version_ids": [Command.create({})],
                }
            )
        )
        interface.sudo().version_ids.state = "approved"
        self.subscribe_to(interface.sudo())
        fields_ = self.env["ir.model.fields"].with_user(self.consultant)
        self.env["mfg.integration.trigger"].with_user(self.consultant).create(
            {
                "name": "Cancelled",
                "interface_id": interface.id,
                "model_id": self.env["ir.model"]._get_id("mrp.production"),
                "field_id": fields_._get("mrp.production", "state").id,
                "value": "cancel",
                "line_ids": [
                    Command.create({"name": "number", "path": "name"}),
                    Command.create({"name": "item", "path": "product_id.default_code"}),
                    Command.create({"name": "planned", "path": "product_qty"}),
                ],
            }
        )
        order = self.draft()
        order.action_confirm()
        (event,) = [
            event
            for event in self.events_of(order.action_cancel)
            if event["type"] == "mfg.order.cancelled.v1"
        ]
        self.assertEqual(
            event["payload"], {"number": order.name, "item": "MT-1", "planned": 10}
        )

    def test_trigger_that_cannot_work_is_refused_with_the_reason(self):
        trigger = self.env.ref("mfg_integration_plant.trigger_production_released")
        for values, pattern in (
            ({"value": "released"}, "never becomes “released”"),
            ({"filter_domain": "[('colour', '=', 1)]"}, "cannot be used"),
            (
                {"model_id": self.env["ir.model"]._get_id("res.partner")},
                "has to be a stored",
            ),
        ):
            with (
                self.subTest(values),
                self.assertRaisesRegex(ValidationError, pattern),
                self.env.cr.savepoint(),
            ):
                trigger.with_user(self.consultant).write(values)

    def test_nobody_sends_what_he_may_not_read(self):
        trigger = self.env["mfg.integration.trigger"].create(
            {
                "name": "Users",
                "interface_id": self.env.ref(
                    "mfg_integration_plant.interface_production_released"
                ).id,
                "model_id": self.env["ir.model"]._get_id("mrp.production"),
                "field_id": self.env["ir.model.fields"]
                ._get("mrp.production", "state")
                .id,
                "value": "done",
            }
        )
        lines = self.env["mfg.integration.trigger.line"].with_user(self.consultant)
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            lines.create(
                {"trigger_id": trigger.id, "name": "x", "path": "user_id.totp_secret"}
            )

    def test_only_integrators_change_triggers(self):
        trigger = self.env.ref("mfg_integration_plant.trigger_production_released")
        with self.assertRaises(AccessError):
            trigger.with_user(self.operator).active = False
