from odoo import Command
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

    def test_a_company_of_the_group_is_a_vendor_for_rules(self):
        """What the buyer's rule says of vendors holds the goods of the group, too."""
        self.world.user("configurer", "mfg_quality_hold.group_configure", "a")
        self.world.env_of("configurer")["mfg.quality.hold.rule"].create(
            {
                "name": "Castings of B",
                "vendor_id": self.b.partner_id.id,
                "reason_id": self.env.ref("mfg_quality_hold.reason_incoming").id,
                "with_inspection": False,
            }
        )
        order = self.confirmed(5, products=self.product)
        self.ship(self.sale(order))
        receipt = self.open_receipt(order)
        self.validate(receipt)
        lot = receipt.move_line_ids.lot_id
        self.assertTrue(lot.is_on_hold)
        self.assertFalse(self.lot.is_on_hold, "the seller's quality decides about that")

    def test_recalled_goods_go_back_to_the_seller_who_holds_them(self):
        """They leave the hold of the buyer by decision, and stay on that of the seller."""
        quality = "stock.group_stock_user,mfg_quality_hold.group_inspect"
        self.world.user("quality_a", quality, "a")
        signer = self.world.user("signer_a", "mfg_quality_hold.group_approve", "a")
        signer.password = "sign it"
        order = self.confirmed(5, products=self.product)
        sale = self.sale(order)
        self.ship(sale)
        receipt = self.open_receipt(order)
        self.validate(receipt)
        held = self.hold()
        env = self.world.env_of("quality_a")
        hold = env["mfg.quality.hold"].place(
            receipt.move_line_ids.lot_id.with_env(env), "SUSPECT"
        )
        seller = self.b.partner_id.with_env(env)
        self.assertEqual(seller._quality_holds(), hold, "as of any other vendor")
        decision = env["mfg.quality.disposition"].create(
            {
                "hold_id": hold.id,
                "kind": "return_vendor",
                "line_ids": [
                    Command.create({"hold_line_id": hold.line_ids.id, "quantity": 5})
                ],
            }
        )
        decision.action_propose()
        self.as_user(decision, "signer_a")._sign("approve", "Reviewed", "sign it")
        decision.action_execute()
        self.validate(decision.picking_ids.with_env(receipt.env))
        self.assertEqual(hold.state, "closed")
        self.assertEqual(self.transit(self.product), 5)
        back = sale.picking_ids.filtered(
            lambda picking: picking.location_id.mfg_ic_seller_id
        )
        self.validate(back)
        self.assertEqual((back.state, self.transit(self.product)), ("done", 0))
        self.assertTrue(self.lot.is_on_hold)
        self.assertEqual(held.state, "on_hold")
        self.assertEqual(self.lot.product_qty, 50)

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
