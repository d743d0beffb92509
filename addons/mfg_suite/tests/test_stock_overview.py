from odoo.tests import tagged

from .common import SuiteCase


@tagged("post_install", "-at_install")
class TestStockOverview(SuiteCase):
    """Which part of the stock is on hold, and what it is worth."""

    def overview(self, user=None):
        user = user or self.person
        self.env.flush_all()
        self.env.invalidate_all()
        env = self.env(
            user=user.id, context={"allowed_company_ids": user.company_id.ids}
        )
        rows = env["mfg.integration.stock.overview"].search([])
        return {row.lot_name: (row.qty_free, row.qty_held) for row in rows}

    def test_held_lot_and_free_lot(self):
        self._hold(name="HELD")
        self._lot(self.company, "FREE")
        self.assertEqual(self.overview(), {"HELD": (0, 10), "FREE": (10, 0)})
        rows = self.env["mfg.integration.stock.overview"].search(
            [("company_id", "=", self.company.id)]
        )
        self.assertEqual(sum(rows.mapped("value")), 100)
        self.assertEqual(sum(rows.mapped("value_held")), 50)
        self.assertEqual(rows.currency_id, self.company.currency_id)

    def test_part_of_a_lot_is_counted_once_wherever_the_lot_lies(self):
        self._hold(name="PART", quantity=7)
        part = self.part[self.company].with_company(self.company)
        lot = self.env["stock.lot"].search([("name", "=", "PART")])
        warehouse = self.env["stock.warehouse"].search(
            [("company_id", "=", self.company.id)], limit=1
        )
        shelf = self.env["stock.location"].create(
            {
                "name": "Shelf",
                "location_id": warehouse.lot_stock_id.id,
                "company_id": self.company.id,
            }
        )
        self.env["stock.quant"].with_company(self.company)._update_available_quantity(
            part, shelf, 4, lot_id=lot
        )
        self.env.flush_all()
        self.env.invalidate_all()
        rows = self.env["mfg.integration.stock.overview"].search(
            [("company_id", "=", self.company.id)]
        )
        self.assertEqual(sum(rows.mapped("qty_held")), 7)
        self.assertEqual(sum(rows.mapped("qty_free")), 7)

    def test_held_stock_of_another_plant_is_not_seen(self):
        self._hold()
        self.assertFalse(self.overview(self.stranger))

    def test_on_hold_filter(self):
        self._hold(name="HELD")
        self._lot(self.company, "FREE")
        rows = self.env["mfg.integration.stock.overview"].search(
            [("qty_held", ">", 0), ("company_id", "=", self.company.id)]
        )
        self.assertEqual(rows.mapped("lot_name"), ["HELD"])
