from odoo.tests import tagged

from odoo.addons.stock.tests import test_quant

from .common import HoldCase


@tagged("post_install", "-at_install")
class TestCompatibility(HoldCase):
    """What the module costs, and how it goes; ``./mfg bench hold`` measures in full."""

    def queries_of_delivery(self, lots):
        """(reserve, validate): queries for a delivery of some lots, ten of each."""
        product = lots.product_id
        picking = self.as_user(self.world.transfer(product, 10 * len(lots)), "mgr")
        counts = []
        for step in (picking.action_assign, picking.button_validate):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            step()
            self.env.flush_all()
            counts.append(self.cr.sql_log_count - before)
            picking.move_ids.picked = True
        self.assertEqual(picking.state, "done")
        return counts

    def stock(self, product, count, prefix):
        lots = self.env["stock.lot"]
        for number in range(count):
            lot = self.world.lot(product, f"{prefix}{number}")
            self.world.put(product, 10, lot)
            lots |= lot
        return lots

    def test_qh_28_holds_cost_no_query_per_line(self):
        counts = []
        for held in (0, 15):
            product = self.world.product(f"Counted {held}")
            for lot in self.stock(product, held, "H"):
                self.world.hold(lot)
            # Twice: the first run fills caches of Odoo.
            self.queries_of_delivery(self.stock(product, 15, "W"))
            counts.append(self.queries_of_delivery(self.stock(product, 15, "L")))
        (reserve, validate), (reserve_held, validate_held) = counts
        self.assertLessEqual(reserve_held - reserve, 5)
        self.assertLessEqual(validate_held - validate, 5)


@tagged("post_install", "-at_install")
class TestQuantOfOdoo(test_quant.StockQuant):
    """QH-27 in short: Odoo's own tests of quants, with the module installed and a hold.

    ``./mfg test --core`` runs all of the touched modules, plain and with ours.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        product = cls.env["product.product"].create(
            {"name": "Held", "type": "product", "tracking": "lot"}
        )
        # Without stock: some of the tests look for the first quant there is.
        lot = cls.env["stock.lot"].create(
            {"name": "H", "product_id": product.id, "company_id": cls.env.company.id}
        )
        cls.env["mfg.quality.hold"].place(lot, "SUSPECT")

    def test_qh_27_quants_of_odoo(self):
        """Names the scenario; the inherited tests are its content."""
        self.test_access_rights_1()
