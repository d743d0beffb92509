from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .trade_common import TradeCase


@tagged("post_install", "-at_install")
class TestOrders(TradeCase):
    """A purchase order becomes one sales order, at a price fixed before approval."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.terms = cls.deal()

    def test_mc_01_order_of_three_items(self):
        order = self.confirmed(3, 4, 5)
        flow = self.flow(order)
        sale = flow._sale()
        self.assertEqual((order.state, len(sale), sale.state), ("purchase", 1, "sale"))
        self.assertEqual(sale.company_id, self.b)
        self.assertEqual(sale.create_uid, self.world.users["service_b"])
        for bought, sold in zip(
            order.order_line, sale.order_line.sorted("id"), strict=True
        ):
            self.assertEqual(sold.product_id.id, bought.product_id.id)
            self.assertEqual(sold.product_uom.id, bought.product_uom.id)
            self.assertEqual(sold.product_uom_qty, bought.product_qty)
            self.assertEqual(sold.price_unit, bought.price_unit)
        self.assertEqual(order.order_line.mapped("price_unit"), [10.8, 21.6, 32.4])
        self.assertEqual(sale.amount_untaxed, order.amount_untaxed)
        self.assertEqual(sale.commitment_date, order.date_planned)
        with self.assertRaises(AccessError):
            sale.with_env(order.env).read(["name"])
        link = order.mfg_ic_flow_id.link_ids.filtered(
            lambda link: link.doc_type == "sale"
        )
        self.assertEqual((link.reference, link.status), (sale.name, "Sales Order"))
        self.assertEqual(order.mfg_ic_flow_id.state, "confirmed")
        third = self.world.env_of("third")
        self.assertFalse(third["mfg.ic.flow"].search([]))
        with self.assertRaises(AccessError):
            flow.with_env(third).read(["name"])

    def test_mc_02_never_a_second_sales_order(self):
        order = self.confirmed(5)
        sale = self.flow(order)._sale()
        order.button_confirm()
        order.button_approve()
        order.sudo().button_approve(force=True)
        with self.assertRaisesRegex(UserError, "The seller relies"):
            order.button_draft()
        order.sudo()._mfg_ic_order()
        partner = self.a.partner_id
        sales = self.env["sale.order"].search([("partner_id", "=", partner.id)])
        self.assertEqual(sales, sale)
        self.assertEqual(len(order.picking_ids), 1)
        links = self.env["mfg.ic.link"].search([("flow_id", "=", self.flow(order).id)])
        self.assertEqual(len(links.filtered(lambda link: link.doc_type == "sale")), 1)

    def test_mc_02_cancelled_by_both_and_ordered_anew(self):
        order = self.confirmed(5)
        sale = self.flow(order)._sale()
        order.button_cancel()
        self.as_user(self.flow(order).change_ids, "salesman").action_accept()
        self.assertEqual((order.state, sale.state), ("cancel", "cancel"))
        self.assertEqual(order.mfg_ic_flow_id.state, "cancelled")
        order.button_draft()
        order.order_line.product_qty = 6
        order.button_confirm()
        self.assertEqual(self.flow(order)._sale(), sale)
        self.assertEqual((sale.state, sale.order_line.product_uom_qty), ("sale", 6))
        self.assertEqual(order.mfg_ic_flow_id.state, "confirmed")
        self.assertEqual(
            order.mfg_ic_flow_id.milestone_ids.mapped("milestone"),
            ["ordered", "confirmed", "cancelled", "ordered", "confirmed"],
        )

    def test_mc_03_price_is_fixed_before_approval_is_evaluated(self):
        self.a.write(
            {"po_double_validation": "two_step", "po_double_validation_amount": 50}
        )
        order = self.confirmed(5)
        self.assertEqual((order.state, order.amount_untaxed), ("to approve", 54))
        self.assertFalse(self.flow(order)._sale())
        self.as_user(order, "purchase_manager").button_approve()
        self.assertEqual(self.flow(order)._sale().amount_untaxed, 54)

    def test_mc_03_an_expired_rule_blocks_with_a_message(self):
        self.env["mfg.ic.price.rule"].search(
            [("agreement_id", "=", self.terms.id)]
        )._transit(date_to="2021-01-01")
        order = self.order(5)
        with self.assertRaisesRegex(UserError, "no approved price"):
            order.button_confirm()
        self.assertEqual(order.state, "draft")

    def test_mc_05_quantity_changes_at_the_same_price(self):
        order = self.confirmed(5)
        sale = self.flow(order)._sale()
        self.products[0].with_company(self.b).standard_price = 50
        order.order_line.product_qty = 7
        self.env.flush_all()
        self.assertEqual(sale.order_line.product_uom_qty, 7)
        self.assertEqual(sale.order_line.price_unit, 10.8)
        self.assertEqual(order.order_line.price_unit, 10.8)
        self.assertEqual(sum(sale.picking_ids.move_ids.mapped("product_uom_qty")), 7)
        self.assertEqual(sum(order.picking_ids.move_ids.mapped("product_uom_qty")), 7)
        self.ship(self.sale(order), {self.products[0]: 2})
        self.assertEqual(sale.order_line.qty_delivered, 2)
        with self.assertRaisesRegex(UserError, "2.0 are shipped already"):
            order.order_line.product_qty = 1
        order.order_line.product_qty = 2
        self.env.flush_all()
        self.assertEqual(sale.order_line.product_uom_qty, 2)
        for line in (order.order_line, order.order_line.sudo()):
            with self.assertRaisesRegex(UserError, "Propose a change"):
                line.price_unit = 1

    def test_mc_04_price_of_the_seller_waits_for_the_buyer(self):
        self.a.write(
            {"po_double_validation": "two_step", "po_double_validation_amount": 70}
        )
        order = self.confirmed(5)
        sale = self.sale(order)
        with self.assertRaisesRegex(UserError, "Propose a change"):
            sale.order_line.price_unit = 15
        change = sale.env["mfg.ic.change"].create({"flow_id": sale.mfg_ic_flow_id.id})
        change.line_ids.price = 15
        change.action_request()
        self.assertEqual(order.order_line.price_unit, 10.8)
        self.assertEqual(sale.order_line.price_unit, 10.8)
        with self.assertRaises(AccessError):
            change.action_accept()
        with (
            self.assertRaisesRegex(UserError, "beyond what you may approve"),
            self.cr.savepoint(),
        ):
            self.as_user(change, "purchaser").action_accept()
        self.env.invalidate_all()
        self.assertEqual(order.order_line.price_unit, 10.8)
        self.as_user(change, "purchase_manager").action_accept()
        self.assertEqual(order.order_line.price_unit, 15)
        self.assertEqual(sale.order_line.price_unit, 15)

    def test_mc_12_both_cancel_or_none(self):
        order = self.confirmed(5)
        sale = self.sale(order)
        order.button_cancel()
        order.button_cancel()
        self.assertEqual((order.state, sale.state), ("purchase", "sale"))
        change = self.flow(order).change_ids
        self.assertEqual((len(change), change.state), (1, "requested"))
        with self.assertRaises(AccessError):
            self.as_user(change, "purchaser").action_accept()
        self.as_user(change, "salesman").action_accept()
        self.assertEqual((order.state, sale.state), ("cancel", "cancel"))
        self.assertEqual(set(order.picking_ids.mapped("state")), {"cancel"})
        self.assertEqual(set(sale.picking_ids.mapped("state")), {"cancel"})

    def test_mc_12_only_what_is_not_shipped_is_cancelled(self):
        order = self.confirmed(5)
        sale = self.sale(order)
        self.ship(sale, {self.products[0]: 2})
        sale._action_cancel()
        self.assertEqual(sale.state, "sale")
        self.as_user(self.flow(order).change_ids, "purchaser").action_accept()
        self.assertEqual((order.state, sale.state), ("purchase", "sale"))
        self.assertEqual(order.order_line.product_qty, 2)
        self.assertEqual(sale.order_line.product_uom_qty, 2)
        waiting = sale.picking_ids.move_ids.filtered(
            lambda move: move.state not in ("done", "cancel")
        )
        self.assertFalse(waiting)
        self.assertEqual(self.open_receipt(order).move_ids.product_uom_qty, 2)

    def test_mc_12_rejected_and_one_sided_ways(self):
        order = self.confirmed(5)
        sale = self.sale(order)
        sale._action_cancel()
        self.as_user(self.flow(order).change_ids, "purchaser").action_reject()
        self.assertEqual((order.state, sale.state), ("purchase", "sale"))
        for attempt in (
            lambda: order.write({"state": "cancel"}),
            lambda: order.sudo().write({"state": "draft"}),
            lambda: sale.write({"state": "cancel"}),
            lambda: (
                sale.sudo()
                .with_context(disable_cancel_warning=True)
                .write({"state": "draft"})
            ),
            lambda: sale.order_line.write({"product_uom_qty": 1}),
            lambda: order.order_line.write({"product_id": self.products[1].id}),
            lambda: order.order_line.copy({"order_id": order.id}),
            lambda: sale.order_line.copy({"order_id": sale.id}),
        ):
            with self.assertRaisesRegex(UserError, "relies on"), self.cr.savepoint():
                attempt()

    def test_failure_of_the_seller_is_an_exception_with_owners(self):
        side = self.terms._side("seller")
        side.service_user_id.active = False
        order = self.confirmed(5)
        self.assertEqual(order.state, "purchase")
        found = self.env["mfg.ic.exception"].search(
            [("flow_id", "=", self.flow(order).id)]
        )
        self.assertEqual((found.kind, found.state), ("access", "open"))
        self.assertEqual(found.seller_owner_id, self.world.users["seller"])
        self.assertEqual(found.buyer_owner_id, self.world.users["buyer"])
        side.service_user_id.active = True
        self.as_user(found, "buyer").action_retry()
        self.assertEqual(found.state, "resolved")
        self.assertEqual(self.flow(order)._sale().state, "sale")

    def test_strict_agreement_refuses_the_first_document(self):
        self.terms.action_end()
        self.terms._transit(date_to="2021-01-01")
        self.terms._follow_dates()
        strict = self.deal(strict=True, date_from="2022-01-01")
        strict._side("seller").service_user_id.active = False
        order = self.order(5)
        with (
            self.assertRaisesRegex(UserError, "names no active Service User"),
            self.cr.savepoint(),
        ):
            order.button_confirm()
        self.env.invalidate_all()
        self.assertEqual(order.state, "draft")

    def test_missing_agreement_is_an_exception(self):
        self.terms._transit(date_to="2021-01-01")
        self.terms._follow_dates()
        order = self.confirmed(5)
        self.assertEqual(order.state, "purchase")
        found = self.env["mfg.ic.exception"].search([("res_id", "=", order.id)])
        self.assertEqual(found.kind, "agreement")
        order.button_cancel()
        self.assertEqual(order.state, "cancel", "no seller relies on it")

    def test_item_without_code_is_repaired_at_prices_that_somebody_takes(self):
        order, found = self.without_code()
        self.assertEqual((order.state, found.kind), ("purchase", "mapping"))
        self.assertFalse(order.mfg_ic_price_differs)
        self.give_code(order.order_line.product_id)
        self.as_user(found, "buyer").action_retry()
        self.assertEqual((found.state, found.kind), ("open", "price"))
        self.assertIn("Take Agreed Prices", found.name)
        self.assertEqual(order.order_line.price_unit, 1, "nothing is repriced silently")
        order.invalidate_recordset()
        self.assertTrue(order.mfg_ic_price_differs)
        order.action_mfg_ic_take_prices()
        sale = self.flow(order)._sale()
        self.assertEqual((len(sale), sale.state), (1, "sale"))
        self.assertEqual(sale.order_line.product_id, self.products[0])
        self.assertEqual((sale.amount_untaxed, order.amount_untaxed), (54, 54))
        self.assertEqual(found.state, "resolved")
        order.invalidate_recordset()
        self.assertFalse(order.mfg_ic_price_differs)
        with self.assertRaisesRegex(UserError, "Propose a change"):
            order.action_mfg_ic_take_prices()

    def test_agreed_prices_are_taken_by_who_may_approve_them(self):
        self.a.write(
            {"po_double_validation": "two_step", "po_double_validation_amount": 50}
        )
        order, _found = self.without_code()
        self.give_code(order.order_line.product_id)
        with (
            self.assertRaisesRegex(UserError, "A purchase manager"),
            self.cr.savepoint(),
        ):
            order.action_mfg_ic_take_prices()
        self.env.invalidate_all()
        self.assertEqual(order.order_line.price_unit, 1)
        with self.assertRaises(AccessError):
            self.as_user(order, "third").action_mfg_ic_take_prices()
        self.as_user(order, "purchase_manager").action_mfg_ic_take_prices()
        self.assertEqual(self.flow(order)._sale().amount_untaxed, 54)

    def test_prices_are_not_taken_where_the_seller_gets_no_order(self):
        plain = self.order(5)
        with self.assertRaisesRegex(UserError, "no confirmed order"):
            plain.action_mfg_ic_take_prices()
        self.terms._transit(date_to="2021-01-01")
        self.terms._follow_dates()
        self.deal(date_from="2021-01-02", mirror_orders=False)
        order = self.confirmed(5)
        with self.assertRaisesRegex(UserError, "carries no orders over"):
            order.action_mfg_ic_take_prices()

    def test_transfer_price_is_no_vendor_price(self):
        self.confirmed(5)
        self.assertFalse(self.products[0].seller_ids)
