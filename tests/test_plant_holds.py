"""What planning is told about stock on hold."""

from odoo.tests import tagged

from odoo.addons.mfg_integration_plant.tests.inbound_common import quantity
from odoo.addons.mfg_integration_plant.tests.stock_common import CHANGED, StockToldCase


@tagged("standard", "post_install", "-at_install")
class TestPlantHolds(StockToldCase):
    def test_held_stock_is_on_hand_and_not_free(self):
        castings = self.product("Casting", "lot", default_code="CA-1")
        for name in ("GOOD", "SUSPECT"):
            self.put_in_stock(castings, 10, self.lot(castings, name))
        suspect = self.env["stock.lot"].search(
            [("product_id", "=", castings.id), ("name", "=", "SUSPECT")]
        )
        hold = self.env["mfg.quality.hold"].with_company(self.plant)
        hold.place(suspect, "SUSPECT")
        (snapshot,) = self.tell_available()
        (line,) = snapshot["lines"]
        self.assertEqual(line["on_hand"], quantity(20))
        self.assertEqual(line["free"], quantity(10))
        self.assertEqual(line["available_to_promise"], quantity(10))
        move = self.move(castings, 4, self.stock, self.customers)
        move._action_assign()
        (changed,) = self.payloads_of(CHANGED, lambda: self.carry_out(move))
        self.assertEqual(
            (changed["on_hand"], changed["free"]), (quantity(16), quantity(6))
        )
