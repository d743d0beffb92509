from odoo.tests import HttpCase, tagged

from .common import HoldCase


@tagged("post_install", "-at_install")
class TestTours(HoldCase, HttpCase):
    """What people on the floor do in the web client."""

    def test_lot_is_on_hold_in_three_clicks(self):
        lot = self.world.lot(self.part, "TOUR-LOT")
        self.world.put(self.part, 5, lot)
        self.start_tour(
            f"/web#id={lot.id}&model=stock.lot&view_type=form",
            "mfg_quality_hold_place",
            login="hold-stk",
        )
        self.assertTrue(lot.is_on_hold)
        hold = lot.hold_line_ids.hold_id
        self.assertEqual(hold.placed_by_id, self.world.users["stk"])
