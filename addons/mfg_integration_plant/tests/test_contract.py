import json

import jsonschema

from odoo.tests import tagged

from .common import PlantCase


@tagged("post_install", "-at_install")
class TestContract(PlantCase):
    """The shipped contract says exactly what is sent."""

    def setUp(self):
        super().setUp()
        version = self.env.ref(
            "mfg_integration_plant.interface_production_completed_v1"
        )
        self.schema = json.loads(version.schema)
        self.example = json.loads(version.example)

    def full_payload(self):
        """Return the payload of an order that fills every part of the contract."""
        motor = self.product("Motor", "lot")
        part = self.product("Part", "lot")
        chips = self.product("Chips")
        workcenter = self.work_center(code=False)
        self.bom(
            motor,
            [(part, 1)],
            operation_ids=[
                (0, 0, {"name": "Assemble", "workcenter_id": workcenter.id})
            ],
            byproduct_ids=[(0, 0, {"product_id": chips.id, "product_qty": 1})],
        )
        lot = self.lot(part, "P-1")
        self.put_in_stock(part, 10, lot)
        self.warehouse.manu_type_id.use_auto_consume_components_lots = True
        order = self.order(motor, 2)
        self.env["stock.scrap"].create(
            {
                "production_id": order.id,
                "product_id": part.id,
                "lot_id": lot.id,
                "scrap_qty": 1,
                "location_id": self.stock.id,
                "company_id": self.plant.id,
            }
        ).action_validate()
        self.produce(order, lot=self.lot(motor, "M-1"))
        payload = self.finish(order)[order.name]
        for part_of_contract in ("operations", "components", "by_products", "scrapped"):
            self.assertTrue(payload[part_of_contract], part_of_contract)
        return payload

    def undocumented(self, value, schema, path=""):
        """Return the paths of ``value`` that ``schema`` does not describe."""
        if "$ref" in schema:
            schema = self.schema["definitions"][schema["$ref"].rsplit("/", 1)[1]]
        if "anyOf" in schema and value is not None:
            schema = next(part for part in schema["anyOf"] if "$ref" in part)
            return self.undocumented(value, schema, path)
        if isinstance(value, list):
            return [
                found
                for item in value
                for found in self.undocumented(item, schema["items"], f"{path}[]")
            ]
        if not isinstance(value, dict):
            return []
        known = schema.get("properties", {})
        return [f"{path}.{key}" for key in value if key not in known] + [
            found
            for key in value.keys() & known.keys()
            for found in self.undocumented(value[key], known[key], f"{path}.{key}")
        ]

    def test_schema_is_valid_and_the_example_follows_it(self):
        jsonschema.Draft7Validator.check_schema(self.schema)
        jsonschema.Draft7Validator(self.schema).validate(self.example)
        self.assertEqual(self.undocumented(self.example, self.schema), [])

    def test_message_follows_the_schema_and_has_nothing_beyond_it(self):
        payload = self.full_payload()
        jsonschema.Draft7Validator(self.schema).validate(payload)
        self.assertEqual(self.undocumented(payload, self.schema), [])

    def test_interface_is_ready_to_be_subscribed_to(self):
        interface = self.env.ref("mfg_integration_plant.interface_production_completed")
        self.assertEqual(interface.code, "production.completed")
        self.assertEqual(interface.current_version_id.state, "approved")

    def test_cards_and_examples_of_all_contracts_are_complete(self):
        ids = self.env["ir.model.data"].search(
            [
                ("module", "=", "mfg_integration_plant"),
                ("model", "=", "mfg.integration.interface.version"),
            ]
        )
        versions = self.env["mfg.integration.interface.version"].browse(
            ids.mapped("res_id")
        )
        self.assertGreater(len(versions), 9)
        for version in versions:
            with self.subTest(version.display_name):
                self.assertEqual(version.state, "approved")
                self.assertFalse(version._gaps())

    def test_every_inbound_message_has_a_handler(self):
        for interface in self.env["mfg.integration.interface"].search(
            [("direction", "=", "inbound")]
        ):
            handler = self.env["mfg.integration.handler"]._for_type(interface.code)
            self.assertIsNotNone(handler, interface.code)
