"""Helpers for tests of what planning is told about stock."""

from odoo import Command
from odoo.tests import new_test_user

from .common import PlantCase

CHANGED = "stock.changed"
AVAILABLE = "stock.available"


class StockToldCase(PlantCase):
    """A plant whose stock others plan with, and a keeper of its warehouse."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.interfaces = cls.env["mfg.integration.interface"].search(
            [("code", "in", (CHANGED, AVAILABLE))]
        )
        for interface in cls.interfaces:
            cls.subscribe_to(interface)
        cls.keeper = new_test_user(
            cls.env,
            "plant_test_stock_keeper",
            "stock.group_stock_user",
            company_id=cls.plant.id,
            company_ids=[Command.set(cls.plant.ids)],
        )
        cls.motor = cls.product("Motor", default_code="MT-1")
        cls.shelf = cls.env["stock.location"].create(
            {"name": "Shelf", "location_id": cls.stock.id, "company_id": cls.plant.id}
        )
        cls.customers = cls.env.ref("stock.stock_location_customers")
        cls.suppliers = cls.env.ref("stock.stock_location_suppliers")

    def move(self, product, amount, source, target):
        """Return a confirmed move as the keeper sees it."""
        move = (
            self.env["stock.move"]
            .with_user(self.keeper)
            .create(
                {
                    "name": product.name,
                    "product_id": product.id,
                    "product_uom_qty": amount,
                    "product_uom": product.uom_id.id,
                    "location_id": source.id,
                    "location_dest_id": target.id,
                    "company_id": self.plant.id,
                }
            )
        )
        move._action_confirm()
        return move

    def carry_out(self, moves):
        for move in moves:
            move.quantity = move.product_uom_qty
        moves.picked = True
        moves._action_done()

    def tell_available(self):
        return self.payloads_of(
            AVAILABLE, self.env["stock.warehouse"]._mfg_tell_available
        )

    def nobody_listens(self):
        self.interfaces.subscription_ids.unlink()
