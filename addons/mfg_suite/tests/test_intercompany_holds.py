from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.mfg_multi_company.exceptions import ReleaseRefusal
from odoo.addons.mfg_multi_company_trade.tests.trade_common import TradeCase


@tagged("post_install", "-at_install")
class TestIntercompanyHolds(TradeCase):
    """What quality holds at the seller, the buyer sees and cannot receive."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.deal()
        quality = "stock.group_stock_user,mfg_quality_hold.group_inspect"
        cls.world.user("quality_b", quality, "b")
        cls.product = cls.env["product.product"].create(
            {"name": "Casting", "detailed_type": "product", "tracking": "lot"}
        )
        cls.product.with_company(cls.b).standard_price = 10
        cls.lot = cls.env["stock.lot"].create(
            {"name": "C-1", "product_id": cls.product.id, "company_id": cls.b.id}
        )
        cls.stock(cls.product, 50, lots=cls.lot)

    def hold(self):
        lot = self.as_user(self.lot, "quality_b")
        return lot.env["mfg.quality.hold"].place(lot, "SUSPECT", note="A crack?")

    def test_buyer_sees_that_the_seller_holds_the_lot(self):
        order = self.confirmed(5, products=self.product)
        self.ship(self.sale(order))
        receipt = self.open_receipt(order)
        lot = receipt.move_line_ids.lot_id
        self.assertFalse(lot.origin_on_hold)
        self.validate(receipt)
        self.hold()
        self.env.invalidate_all()
        self.assertTrue(lot.origin_on_hold)
        self.assertFalse(lot.is_on_hold, "the buyer's quality decides about that")
        self.assertTrue(receipt.has_origin_on_hold)
        self.assertEqual(lot.search([("origin_on_hold", "=", True)]), lot)
        self.assertNotIn(lot, lot.search([("origin_on_hold", "=", False)]))

    def test_held_goods_on_their_way_are_not_received(self):
        order = self.confirmed(5, products=self.product)
        self.ship(self.sale(order))
        hold = self.hold()
        receipt = self.open_receipt(order)
        with self.assertRaisesRegex(UserError, hold.name):
            self.validate(receipt)
        receipt.move_line_ids.lot_id = receipt.env["stock.lot"].create(
            {
                "name": "Another number",
                "product_id": self.product.id,
                "company_id": self.a.id,
            }
        )
        with self.assertRaisesRegex(UserError, hold.name):
            self.validate(receipt)
        self.assertEqual(self.transit(self.product), 5)

    def test_gate_waits_for_open_holds(self):
        world = self.world
        role = self.env.ref("mfg_multi_company.role_release")
        world.user("planner_b", "mrp.group_mrp_manager", "b")
        part = self.env["product.product"].create(
            {"name": "Motor", "detailed_type": "product"}
        )
        self.env["mfg.release.gate"].create(
            {
                "name": "Quality",
                "company_id": self.b.id,
                "check_bom": False,
                "check_holds": True,
                "approver_role_id": role.id,
            }
        )
        order = world.env_of("planner_b")["mrp.production"].create(
            {
                "product_id": part.id,
                "product_qty": 1,
                "move_raw_ids": [
                    (
                        0,
                        0,
                        {
                            "name": self.product.name,
                            "product_id": self.product.id,
                            "product_uom_qty": 1,
                        },
                    )
                ],
            }
        )
        hold = self.hold()
        with self.assertRaisesRegex(ReleaseRefusal, hold.name):
            order.action_mfg_request_release()
        self.env["mfg.release.gate"].search(
            [("company_id", "=", self.b.id)]
        ).check_holds = False
        order.action_mfg_request_release()
        self.assertEqual(order.mfg_release_state, "requested")
