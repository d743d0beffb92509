from odoo import Command
from odoo.tests import new_test_user, tagged

from odoo.addons.mfg_integration_plant.tests.common import PlantCase

CODE = "stock.scrapped"


@tagged("post_install", "-at_install")
class TestScrapTold(PlantCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.keeper = new_test_user(
            cls.env,
            "example_keeper",
            "stock.group_stock_user,stock.group_production_lot",
            company_id=cls.plant.id,
            company_ids=[Command.set(cls.plant.ids)],
        )
        cls.housing = cls.product("Housing", "lot", default_code="HS-1")
        cls.lot_1 = cls.lot(cls.housing, "HS-0001")
        cls.put_in_stock(cls.housing, 50, cls.lot_1)

    def scrap(self):
        """Scrap two pieces of a lot as the keeper of this one plant."""
        scrap = self.env["stock.scrap"].with_user(self.keeper)
        scrap.create(
            {
                "product_id": self.housing.id,
                "lot_id": self.lot_1.id,
                "scrap_qty": 2,
                "location_id": self.stock.id,
                "origin": "PC/MO/00042",
            }
        ).action_validate()

    def test_scrap_is_told_to_who_is_subscribed(self):
        self.subscribe_to(self.env.ref("mfg_example_message.interface_stock_scrapped"))
        (told,) = self.payloads_of(CODE, self.scrap)
        self.assertEqual(told["quantity"], {"value": 2, "unit": "Units"})
        self.assertEqual((told["product"]["code"], told["lot"]), ("HS-1", "HS-0001"))
        self.assertEqual(told["warehouse"]["code"], "TP")
        self.assertEqual(told["source_document"], "PC/MO/00042")
        self.assertTrue(told["scrapped_at"])

    def test_nobody_is_told_who_did_not_ask(self):
        self.assertFalse(self.payloads_of(CODE, self.scrap))
