from odoo import Command
from odoo.tests import HttpCase, new_test_user, tagged

from odoo.addons.mfg_integration_queue.tests.common import trap_events

from .common import PlantCase


@tagged("post_install", "-at_install")
class TestTours(PlantCase, HttpCase):
    """What people do in the web client. tests/test_flows.py runs the same tour against
    a real server, worker and receiver."""

    def test_en_06_finish_an_order_in_the_web_client(self):
        gear = self.product("Gear", "lot")
        part = self.product("Part")
        self.bom(gear, [(part, 2)])
        self.put_in_stock(part, 100)
        user = new_test_user(
            self.env,
            "plant_test_web_operator",
            "mrp.group_mrp_user,stock.group_production_lot",
            company_id=self.plant.id,
            company_ids=[Command.set(self.plant.ids)],
        )
        order = self.order(gear, 5, user, origin="EN-06")
        with trap_events(self.env) as trap:
            self.start_tour(
                "/web#action=mrp.mrp_production_action&view_type=list",
                "mfg_integration_plant_finish_mo",
                login=user.login,
            )
            self.env.cr.flush()
        (event,) = trap.events
        payload = event["payload"]
        self.assertEqual(payload["order"], order.name)
        self.assertEqual(payload["product"]["name"], "Gear")
        five = {"value": 5, "unit": "Units"}
        self.assertEqual(payload["quantity"], five)
        self.assertEqual(payload["lots"], [{"name": "EN-06-LOT", "quantity": five}])
        self.assertEqual(payload["plant"]["code"], "TP")
