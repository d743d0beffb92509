import json

import jsonschema

from odoo import Command
from odoo.tests import TransactionCase, new_test_user

from odoo.addons.mfg_integration_queue.tests.common import trap_events

COMPLETED = "production.completed"


class PlantCase(TransactionCase):
    """A plant whose finished orders are listened to, and an operator who knows nothing
    of the integration queue and has no other company."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context=dict(cls.env.context, tracking_disable=True))
        cls.plant = cls.env["res.company"].create({"name": "Test Plant"})
        cls.warehouse = cls.env["stock.warehouse"].search(
            [("company_id", "=", cls.plant.id)]
        )
        cls.warehouse.write({"code": "TP", "name": "Test Plant Hall 1"})
        cls.stock = cls.warehouse.lot_stock_id
        cls.operator = new_test_user(
            cls.env,
            "plant_test_operator",
            "mrp.group_mrp_user,stock.group_production_lot,mrp.group_mrp_byproducts",
            company_id=cls.plant.id,
            company_ids=[Command.set(cls.plant.ids)],
        )
        cls.unit = cls.env.ref("uom.product_uom_unit")
        cls.dozen = cls.env.ref("uom.product_uom_dozen")
        cls.kilogram = cls.env.ref("uom.product_uom_kgm")
        cls.subscription = cls.subscribe(cls.plant)

    @classmethod
    def subscribe(cls, company):
        """Let a system listen to the finished orders of ``company``."""
        system = cls.env["mfg.integration.system"].create(
            {
                "name": f"MES of {company.name}",
                "code": f"test-mes-{company.id}",
                "kind": "mes",
                "company_id": company.id,
            }
        )
        endpoint = cls.env["mfg.integration.endpoint"].create(
            {
                "name": "Orders",
                "system_id": system.id,
                "url": "https://mes.example.com/events",
            }
        )
        version = cls.env.ref("mfg_integration_plant.interface_production_completed_v1")
        return cls.env["mfg.integration.subscription"].create(
            {
                "interface_version_id": version.id,
                "endpoint_id": endpoint.id,
                "company_id": company.id,
            }
        )

    @classmethod
    def subscribe_to(cls, interface):
        """Let the same system listen to another interface."""
        cls.env["mfg.integration.subscription"].create(
            {
                "interface_version_id": interface.current_version_id.id,
                "endpoint_id": cls.subscription.endpoint_id.id,
                "company_id": cls.plant.id,
            }
        )

    @classmethod
    def product(cls, name, tracking="none", uom=None, company=None, **values):
        uom = uom or cls.unit
        return cls.env["product.product"].create(
            {
                "name": name,
                "detailed_type": "product",
                "tracking": tracking,
                "uom_id": uom.id,
                "uom_po_id": uom.id,
                "company_id": (company or cls.plant).id,
                **values,
            }
        )

    @classmethod
    def lot(cls, product, name):
        return cls.env["stock.lot"].create(
            {
                "name": name,
                "product_id": product.id,
                "company_id": product.company_id.id,
            }
        )

    @classmethod
    def put_in_stock(cls, product, quantity, lot=None, location=None):
        cls.env["stock.quant"]._update_available_quantity(
            product, location or cls.stock, quantity, lot_id=lot
        )

    @classmethod
    def bom(cls, product, components, **values):
        """Create a bill of materials for one piece.

        :param components: list of (product, quantity)
        """
        return cls.env["mrp.bom"].create(
            {
                "product_tmpl_id": product.product_tmpl_id.id,
                "product_qty": 1,
                "company_id": product.company_id.id,
                "consumption": "flexible",
                "bom_line_ids": [
                    Command.create({"product_id": part.id, "product_qty": quantity})
                    for part, quantity in components
                ],
                **values,
            }
        )

    @classmethod
    def work_center(cls, **values):
        return cls.env["mrp.workcenter"].create(
            {
                "name": "Assembly",
                "code": "ASM",
                "company_id": cls.plant.id,
                "resource_calendar_id": cls.plant.resource_calendar_id.id,
                **values,
            }
        )

    def order(self, product, quantity, user=None, **values):
        """Return a confirmed and reserved order, as the operator sees it."""
        order = (
            self.env["mrp.production"]
            .with_user(user or self.operator)
            .create({"product_id": product.id, "product_qty": quantity, **values})
        )
        order.action_confirm()
        order.action_assign()
        return order

    def produce(self, order, quantity=None, lot=None):
        """Note quantity and lot as the form does."""
        if lot:
            order.lot_producing_id = lot
        order.qty_producing = order.product_qty if quantity is None else quantity
        order.set_qty_producing()

    def events_of(self, action):
        """Run ``action`` to the end of its transaction; return the events emitted."""
        with trap_events(self.env) as trap:
            action()
            self.env.cr.flush()
        return trap.events

    def payloads_of(self, code, action):
        """Run ``action``; return the payloads it tells over an interface, which follow its
        contract."""
        payloads = [
            event["payload"]
            for event in self.events_of(action)
            if event["type"] == f"mfg.{code}.v1"
        ]
        interface = self.env["mfg.integration.interface"].search([("code", "=", code)])
        schema = jsonschema.Draft7Validator(
            json.loads(interface.current_version_id.schema)
        )
        for payload in payloads:
            schema.validate(payload)
        return payloads

    def finish(self, orders):
        """Finish orders and return the payloads of their messages by order name."""
        events = self.events_of(lambda: self.assertIs(orders.button_mark_done(), True))
        self.assertEqual({event["type"] for event in events}, {self.event_type()})
        return {event["payload"]["order"]: event["payload"] for event in events}

    def event_type(self):
        return f"mfg.{COMPLETED}.v1"
