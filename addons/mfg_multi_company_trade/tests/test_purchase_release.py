from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.mfg_multi_company.exceptions import ReleaseRefusal
from odoo.addons.mfg_multi_company.tests.common import GroupCase


@tagged("post_install", "-at_install")
class TestPurchaseRelease(GroupCase):
    """No purchase order takes effect without its release, whatever way is tried."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The manager may approve any amount: what stops that person is the gate alone.
        cls.world.user(
            "buyer", "purchase.group_purchase_manager,stock.group_stock_user"
        )
        cls.world.user("releaser", "purchase.group_purchase_user")
        cls.assign("releaser", cls.env.ref("mfg_multi_company.role_release"))
        cls.company = cls.world.companies["a"]
        cls.vendor = cls.env["res.partner"].create({"name": "Vendor"})
        cls.product = cls.env["product.product"].create(
            {
                "name": "Steel",
                "detailed_type": "product",
                "seller_ids": [
                    Command.create({"partner_id": cls.vendor.id, "price": 7})
                ],
            }
        )
        cls.gate = cls.env["mfg.release.gate"].create(
            {
                "name": "Spending",
                "model": "purchase.order",
                "company_id": cls.company.id,
            }
        )

    def order(self, quantity=10, user="buyer", **values):
        return self.world.env_of(user)["purchase.order"].create(
            {
                "partner_id": self.vendor.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": self.product.id,
                            "product_qty": quantity,
                            "price_unit": 7,
                        }
                    )
                ],
                **values,
            }
        )

    def release(self, order):
        order.action_mfg_request_release()
        self.as_user(order, "releaser").action_mfg_release()
        self.env.invalidate_all()

    def released(self, quantity=10):
        order = self.order(quantity)
        self.release(order)
        return order

    def test_mc_18_no_path_confirms_an_unreleased_purchase_order(self):
        order = self.order()
        self.assertEqual(order.mfg_release_state, "pending")
        context = {"force": True, "install_mode": True, "default_state": "purchase"}
        ways = {
            "confirm": order.button_confirm,
            "confirm, sudo and context": order.sudo()
            .with_context(**context)
            .button_confirm,
            "approve": order.button_approve,
            "approve by force": lambda: order.sudo().button_approve(force=True),
            "unlock": order.button_unlock,
            "lock": order.button_done,
            "state": lambda: order.write({"state": "purchase"}),
            "state, sudo": lambda: order.sudo().write({"state": "done"}),
            "create": lambda: self.order(state="purchase"),
            "default of the context": lambda: order.with_context(
                default_state="purchase"
            ).create({"partner_id": self.vendor.id}),
        }
        # An order without lines has no quantity; it waits all the same.
        for way, attempt in ways.items():
            with (
                self.subTest(way),
                self.assertRaisesRegex(ReleaseRefusal, "Spending"),
                self.cr.savepoint(),
            ):
                attempt()
            self.env.invalidate_all()
            self.assertEqual(order.state, "draft")
            self.assertFalse(order.picking_ids)
        with mute_logger("odoo.sql_db"):
            result = order.load(
                ["partner_id/.id", "state"], [[str(self.vendor.id), "Purchase Order"]]
            )
        self.assertIn("Spending", result["messages"][0]["message"])

    def test_mc_18_released_purchase_order_is_confirmed_and_received(self):
        order = self.released()
        self.assertEqual(order.mfg_release_state, "approved")
        order.button_confirm()
        self.assertEqual(order.state, "purchase")
        self.assertEqual(order.mfg_release_state, "approved")
        order.button_done()
        order.button_unlock()
        order.picking_ids.move_ids.write({"quantity": 10, "picked": True})
        order.picking_ids.button_validate()
        self.assertEqual(order.order_line.qty_received, 10)

    def test_mc_18_change_revokes_the_release_of_a_purchase_order(self):
        for change in (
            lambda order: order.order_line.write({"product_qty": 11}),
            lambda order: order.order_line.write({"price_unit": 8}),
            lambda order: order.write({"partner_id": self.company.partner_id.id}),
            lambda order: order.order_line.copy({"order_id": order.id}),
            lambda order: order.order_line.unlink(),
        ):
            order = self.released()
            change(order)
            self.env.invalidate_all()
            self.assertEqual(order.mfg_release_state, "revoked")
            with self.assertRaisesRegex(ReleaseRefusal, "Release Revoked"):
                order.button_confirm()
        order = self.released()
        order.button_confirm()
        order.order_line.product_qty = 12
        self.assertEqual(order.mfg_release_state, "revoked")
        order.picking_ids.move_ids.write({"quantity": 12, "picked": True})
        with self.assertRaises(ReleaseRefusal):
            order.picking_ids.button_validate()
        self.release(order)
        order.picking_ids.button_validate()
        self.assertEqual(order.order_line.qty_received, 12)

    def test_mc_18_reorder_rule_waits_as_a_request_for_quotation(self):
        warehouse = self.world.warehouse()
        point = self.env["stock.warehouse.orderpoint"].create(
            {
                "product_id": self.product.id,
                "warehouse_id": warehouse.id,
                "location_id": warehouse.lot_stock_id.id,
                "product_min_qty": 50,
                "product_max_qty": 50,
                "route_id": warehouse.buy_pull_id.route_id.id,
            }
        )
        released = self.released()
        self.env["procurement.group"].run_scheduler(company_id=self.company.id)
        line = self.env["purchase.order.line"].search(
            [("orderpoint_id", "=", point.id)]
        )
        self.assertEqual(line.order_id.state, "draft")
        with self.assertRaises(ReleaseRefusal):
            line.order_id.button_confirm()
        # Demand that joins a released draft takes its release back.
        self.assertEqual(
            released.mfg_release_state,
            "revoked" if line.order_id == released else "approved",
        )

    def test_mc_19_whoever_ordered_does_not_release(self):
        order = self.order()
        order.action_mfg_request_release()
        with self.assertRaisesRegex(AccessError, "Another person"):
            order.action_mfg_release()
        foreign = self.world.env_of("stranger")["mfg.release"]
        self.assertFalse(
            foreign.search([("res_model", "=", "purchase.order")]),
        )

    def test_gate_compares_the_untaxed_amount(self):
        self.gate.min_value = 100
        self.assertEqual(self.order(14).mfg_release_state, "none")
        self.assertEqual(self.order(15).mfg_release_state, "pending")
        self.order(14).button_confirm()
