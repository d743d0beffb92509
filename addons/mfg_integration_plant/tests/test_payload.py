from freezegun import freeze_time

from odoo import Command
from odoo.tests import Form, tagged

from ..models.mfg_integration_told_mixin import declared
from .common import PlantCase


@tagged("post_install", "-at_install")
class TestPayload(PlantCase):
    """The message tells what was made, in words another system understands."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.housing = cls.product("Housing", "lot", default_code="HS-1")
        cls.grease = cls.product("Grease", uom=cls.kilogram)
        cls.motor = cls.product(
            "Motor", "lot", default_code="MT-1", barcode="2999000000017"
        )
        cls.workcenter = cls.work_center()
        cls.motor_bom = cls.bom(
            cls.motor,
            [(cls.housing, 1), (cls.grease, 0.05)],
            code="MT-1/A",
            operation_ids=[
                Command.create(
                    {
                        "name": "Assemble",
                        "workcenter_id": cls.workcenter.id,
                        "time_mode": "manual",
                        "time_cycle_manual": 6,
                    }
                )
            ],
        )
        cls.housing_lots = cls.lot(cls.housing, "HS-0001") + cls.lot(
            cls.housing, "HS-0002"
        )
        cls.put_in_stock(cls.housing, 4, cls.housing_lots[0])
        cls.put_in_stock(cls.housing, 100, cls.housing_lots[1])
        cls.put_in_stock(cls.grease, 10)
        cls.warehouse.manu_type_id.use_auto_consume_components_lots = True

    def test_messages_that_modules_declare_add_up(self):
        class Shipped:
            _mfg_messages = {"a": "a of the suite", "b": "b of the suite"}

        class Extended(Shipped):
            _mfg_messages = {"b": "b of the extension", "c": "c of the extension"}

        self.assertEqual(
            declared(Extended(), "_mfg_messages"),
            {
                "a": "a of the suite",
                "b": "b of the extension",
                "c": "c of the extension",
            },
        )
        self.assertIn(
            "production.released",
            declared(self.env["mrp.production"], "_mfg_messages"),
        )

    @freeze_time("2024-05-14 09:41:37")
    def test_lot_tracked_order(self):
        order = self.order(
            self.motor, 10, origin="SO/117", date_start="2024-05-14 06:00:00"
        )
        order.workorder_ids.duration = 62.5
        self.produce(order, lot=self.lot(self.motor, "MT-0001"))
        payload = self.finish(order)[order.name]

        ten = {"value": 10, "unit": "Units"}
        self.assertEqual(payload["order"], order.name)
        self.assertEqual(payload["source_document"], "SO/117")
        self.assertEqual(
            payload["plant"],
            {
                "code": "TP",
                "name": "Test Plant Hall 1",
                "company": "Test Plant",
                "components_location": "TP/Stock",
                "finished_location": "TP/Stock",
            },
        )
        self.assertEqual(
            payload["product"],
            {
                "code": "MT-1",
                "name": "Motor",
                "barcode": "2999000000017",
                "tracking": "lot",
            },
        )
        self.assertEqual(payload["quantity"], ten)
        self.assertEqual(payload["planned_quantity"], ten)
        self.assertEqual(payload["lots"], [{"name": "MT-0001", "quantity": ten}])
        self.assertEqual(
            payload["bill_of_materials"],
            {"reference": "MT-1/A", "quantity": {"value": 1, "unit": "Units"}},
        )
        self.assertEqual(payload["finished_at"], "2024-05-14T09:41:37Z")
        self.assertLessEqual(payload["started_at"], payload["finished_at"])
        (operation,) = payload["operations"]
        self.assertEqual(operation["name"], "Assemble")
        self.assertEqual(operation["work_center"], {"code": "ASM", "name": "Assembly"})
        self.assertEqual(operation["state"], "done")
        self.assertEqual(operation["duration_minutes"], 62.5)
        self.assertEqual(operation["expected_minutes"], 60)

    def test_components_with_their_lots_and_units(self):
        order = self.order(self.motor, 10)
        self.produce(order, lot=self.lot(self.motor, "MT-0002"))
        payload = self.finish(order)[order.name]
        consumed = {line["product"]["name"]: line for line in payload["components"]}
        self.assertEqual(consumed["Housing"]["quantity"]["value"], 10)
        self.assertEqual(
            consumed["Housing"]["lots"],
            [
                {"name": "HS-0001", "quantity": {"value": 4, "unit": "Units"}},
                {"name": "HS-0002", "quantity": {"value": 6, "unit": "Units"}},
            ],
        )
        self.assertEqual(consumed["Grease"]["quantity"], {"value": 0.5, "unit": "kg"})
        self.assertEqual(consumed["Grease"]["lots"], [])

    def test_component_added_by_the_operator_is_told(self):
        shim = self.product("Shim")
        self.put_in_stock(shim, 5)
        order = self.order(self.motor, 1)
        self.produce(order, lot=self.lot(self.motor, "MT-0003"))
        with Form(order) as form, form.move_raw_ids.new() as line:
            line.product_id = shim
            line.product_uom_qty = 2
            line.quantity = 2
            line.picked = True
        payload = self.finish(order)[order.name]
        self.assertIn(
            ("Shim", 2),
            [
                (line["product"]["name"], line["quantity"]["value"])
                for line in payload["components"]
            ],
        )

    def test_several_serial_numbers_make_a_message_each(self):
        drive = self.product("Drive", "serial")
        self.bom(drive, [(self.housing, 1)])
        order = self.order(drive, 3)
        action = order.action_serial_mass_produce_wizard(mark_as_done=True)
        wizard = Form(
            self.env[action["res_model"]]
            .with_user(self.operator)
            .with_context(**action["context"])
        )
        wizard.next_serial_number = "D-1"
        wizard.serial_numbers = "D-1\nD-2\nD-3"
        payloads = {
            event["payload"]["order"]: event["payload"]
            for event in self.events_of(wizard.save().apply)
        }
        one = {"value": 1, "unit": "Units"}
        self.assertEqual(len(payloads), 3)
        self.assertEqual(
            sorted(payload["lots"][0]["name"] for payload in payloads.values()),
            ["D-1", "D-2", "D-3"],
        )
        for payload in payloads.values():
            self.assertEqual(payload["quantity"], one)
            self.assertEqual(payload["lots"][0]["quantity"], one)
            self.assertEqual(payload["product"]["tracking"], "serial")
            self.assertEqual(payload["order_group"], order.procurement_group_id.name)

    def test_untracked_product_has_no_lots(self):
        cover = self.product("Cover")
        order = self.order(cover, 5)
        self.produce(order)
        payload = self.finish(order)[order.name]
        self.assertEqual(payload["lots"], [])
        self.assertEqual(payload["bill_of_materials"], None)
        self.assertEqual(payload["operations"], [])
        self.assertEqual(payload["product"]["code"], None)

    def test_quantity_is_in_the_unit_of_the_order(self):
        order = self.order(self.motor, 2, product_uom_id=self.dozen.id)
        self.produce(order, lot=self.lot(self.motor, "MT-0004"))
        payload = self.finish(order)[order.name]
        self.assertEqual(payload["quantity"], {"value": 2, "unit": "Dozens"})
        self.assertEqual(
            payload["lots"],
            [{"name": "MT-0004", "quantity": {"value": 24, "unit": "Units"}}],
        )

    def test_fractions_come_without_binary_noise(self):
        paste = self.product("Paste", uom=self.kilogram)
        order = self.order(paste, 0.3)
        self.produce(order, 0.1 + 0.2)
        payload = self.finish(order)[order.name]
        self.assertEqual(repr(payload["quantity"]["value"]), "0.3")

    def test_backorder_sends_its_own_quantity_only(self):
        order = self.order(self.motor, 10)
        self.produce(order, 4, self.lot(self.motor, "MT-0005"))
        question = order.button_mark_done()
        wizard = Form(
            self.env[question["res_model"]]
            .with_user(self.operator)
            .with_context(**question["context"])
        ).save()
        first = self.events_of(wizard.action_backorder)
        backorder = order.procurement_group_id.mrp_production_ids - order
        self.produce(backorder, lot=self.lot(self.motor, "MT-0006"))
        second = self.events_of(backorder.button_mark_done)

        self.assertEqual(
            [event["payload"]["quantity"]["value"] for event in first + second], [4, 6]
        )
        self.assertEqual(
            [event["payload"]["order"] for event in first + second],
            [order.name, backorder.name],
        )
        groups = {event["payload"]["order_group"] for event in first + second}
        self.assertEqual(len(groups), 1)

    def test_by_products_are_listed_apart(self):
        chips = self.product("Chips", uom=self.kilogram)
        self.motor_bom.byproduct_ids = [
            Command.create({"product_id": chips.id, "product_qty": 0.25})
        ]
        order = self.order(self.motor, 8)
        self.produce(order, lot=self.lot(self.motor, "MT-0007"))
        payload = self.finish(order)[order.name]
        self.assertEqual(payload["quantity"]["value"], 8)
        (by_product,) = payload["by_products"]
        self.assertEqual(by_product["product"]["name"], "Chips")
        self.assertEqual(by_product["quantity"], {"value": 2, "unit": "kg"})

    def test_scrap_is_listed_and_not_counted_as_consumed(self):
        order = self.order(self.motor, 2)
        scrap = (
            self.env["stock.scrap"]
            .with_user(self.operator)
            .create(
                {
                    "production_id": order.id,
                    "product_id": self.housing.id,
                    "lot_id": self.housing_lots[1].id,
                    "scrap_qty": 1,
                    "location_id": self.stock.id,
                }
            )
        )
        scrap.action_validate()
        self.produce(order, lot=self.lot(self.motor, "MT-0008"))
        payload = self.finish(order)[order.name]
        (scrapped,) = payload["scrapped"]
        self.assertEqual(scrapped["product"]["code"], "HS-1")
        self.assertEqual(scrapped["lot"], "HS-0002")
        self.assertEqual(scrapped["quantity"], {"value": 1, "unit": "Units"})
        housing = next(
            line
            for line in payload["components"]
            if line["product"]["name"] == "Housing"
        )
        self.assertEqual(housing["quantity"]["value"], 2)

    def test_language_of_the_operator_does_not_matter(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.motor.with_context(lang="fr_FR").name = "Moteur"
        self.operator.lang = "fr_FR"
        order = self.order(self.motor, 1).with_context(lang="fr_FR")
        self.produce(order, lot=self.lot(self.motor, "MT-0009"))
        payload = self.finish(order)[order.name]
        self.assertEqual(payload["product"]["name"], "Motor")
        self.assertEqual(payload["quantity"]["unit"], "Units")
