from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.mfg_multi_company.engine.ledger import ledger

from .trade_common import TradeCase


@tagged("post_install", "-at_install")
class TestGoods(TradeCase):
    """What is shipped is expected, what is received was shipped, with lots and returns."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.terms = cls.deal()
        cls.item = cls.products[0]

    def tracked(self, tracking, *names):
        product = self.env["product.product"].create(
            {"name": tracking, "detailed_type": "product", "tracking": tracking}
        )
        product.with_company(self.b).standard_price = 10
        lots = self.env["stock.lot"].create(
            [
                {"name": name, "product_id": product.id, "company_id": self.b.id}
                for name in names
            ]
        )
        self.stock(product, 1 if tracking == "serial" else 50, lots=lots)
        return product, lots

    def receive_chain(self, order):
        """Push goods on through the steps after the receipt."""
        while True:
            picking = order.picking_ids.search(
                [
                    ("company_id", "=", self.a.id),
                    ("state", "=", "assigned"),
                    ("picking_type_code", "=", "internal"),
                ],
                limit=1,
            )
            if not picking:
                return
            picking.move_ids.picked = True
            self.validate(picking)

    def test_mc_06_two_steps_out_three_steps_in(self):
        self.world.warehouse("b").delivery_steps = "pick_ship"
        self.world.warehouse("a").reception_steps = "three_steps"
        order = self.confirmed(10)
        sale = self.sale(order)
        receipt = self.open_receipt(order)
        with (
            self.assertRaisesRegex(UserError, "0.0 are on their way"),
            self.cr.savepoint(),
        ):
            receipt.button_validate()
        self.env.invalidate_all()
        for number, total in ((6, 6), (4, 10)):
            self.ship(sale, {self.item: number})
            self.assertEqual(sale.order_line.qty_delivered, total)
            self.assertEqual(self.transit(self.item), number)
            receipt = self.open_receipt(order)
            self.assertEqual(receipt.move_ids.quantity, number)
            self.validate(receipt)
            self.assertEqual(order.order_line.qty_received, total)
            self.assertEqual(self.transit(self.item), 0)
            self.receive_chain(order)
        here = self.item.with_env(order.env)
        self.assertEqual(here.qty_available, 10)
        self.assertEqual(self.flow(order).state, "received")
        self.assertEqual(order.receipt_status, "full")
        self.assertFalse(self.open_receipt(order))

    def test_mc_06_cancelled_remainder_ends_on_both_sides(self):
        order = self.confirmed(10)
        sale = self.sale(order)
        self.ship(sale, {self.item: 6}, backorder=False)
        receipt = self.open_receipt(order)
        self.assertEqual(receipt.move_ids.product_uom_qty, 6)
        self.validate(receipt)
        self.assertFalse(self.open_receipt(order))
        self.assertEqual(
            (sale.order_line.qty_delivered, order.order_line.qty_received), (6, 6)
        )
        other = self.confirmed(10)
        sale = self.sale(other)
        self.ship(sale, {self.item: 6})
        self.validate(self.open_receipt(other))
        sale.picking_ids.filtered(
            lambda picking: picking.state not in ("done", "cancel")
        ).action_cancel()
        self.assertFalse(self.open_receipt(other))

    def test_mc_07_serials_in_two_shipments_one_short(self):
        product, lots = self.tracked("serial", "S1", "S2", "S3", "S4", "S5")
        order = self.confirmed(5, products=product)
        sale = self.sale(order)
        self.ship(sale, {product: 3}, lots=lots[:3])
        receipt = self.open_receipt(order)
        self.assertEqual(
            receipt.move_ids.lot_ids.mapped("name"), lots[:3].mapped("name")
        )
        self.ship(sale, {product: 2}, lots=lots[3:])
        mirrored = receipt.move_ids.lot_ids
        self.assertEqual(sorted(mirrored.mapped("name")), lots.mapped("name"))
        self.assertEqual(mirrored.company_id, self.a)
        self.assertEqual(mirrored.sudo().mfg_origin_lot_id, lots)
        self.assertEqual(lots.mfg_mirror_lot_ids, mirrored.with_env(self.env))
        receipt.move_line_ids.filtered(lambda row: row.lot_id.name == "S5").unlink()
        self.validate(receipt)
        self.assertEqual(order.order_line.qty_received, 4)
        found = self.flow(order).exception_ids
        self.assertEqual(len(found), 1)
        self.assertEqual(
            (found.kind, found.expected, found.actual), ("qty", "5.0", "4.0")
        )
        self.assertEqual(self.transit(product), 1)
        place = self.terms._pair_transit()
        quant = self.env["stock.quant"].search(
            [("location_id", "=", place.id), ("product_id", "=", product.id)]
        )
        self.assertEqual(quant.filtered("quantity").lot_id, lots[4])
        late = self.open_receipt(order)
        late.move_line_ids.lot_id = order.env["stock.lot"].search(
            [("name", "=", "S5"), ("product_id", "=", product.id)]
        )
        self.validate(late)
        self.assertEqual((found.state, self.transit(product)), ("resolved", 0))

    def test_mc_07_a_name_that_is_taken_is_an_exception(self):
        product, lots = self.tracked("lot", "L1")
        other, others = self.tracked("lot", "X1")
        taken = self.env["stock.lot"].create(
            {"name": "L1", "product_id": product.id, "company_id": self.a.id}
        )
        with ledger(self.env.cr).mirror():
            taken.mfg_origin_lot_id = others
        order = self.confirmed(5, products=product)
        self.ship(self.sale(order))
        found = self.flow(order).exception_ids
        self.assertEqual((found.kind, found.step), ("lot", "delivery"))
        self.assertEqual(self.sale(order).order_line.qty_delivered, 5)
        with ledger(self.env.cr).mirror():
            taken.mfg_origin_lot_id = False
        self.as_user(found, "seller").action_retry()
        self.assertEqual(found.state, "resolved")
        receipt = self.open_receipt(order)
        self.assertEqual(receipt.move_line_ids.lot_id.id, taken.id)
        self.as_user(found, "seller").sudo()._origin_document()._mfg_ic_retry(
            "delivery"
        )
        self.assertEqual(len(receipt.move_line_ids), 1)
        self.assertEqual(receipt.move_ids.quantity, 5)
        self.assertTrue(lots.mfg_mirror_lot_ids)

    def test_mc_07_nobody_says_whose_goods_a_lot_is(self):
        product, lots = self.tracked("lot", "L1")
        order = self.confirmed(5, products=product)
        self.ship(self.sale(order))
        mirrored = self.open_receipt(order).move_line_ids.lot_id
        env = self.world.env_of("purchaser")
        own = {"name": "X", "product_id": product.id, "company_id": self.a.id}
        for rights in (env, env(su=True)):
            mine = mirrored.with_env(rights)
            for value in (False, lots.id):
                with self.assertRaisesRegex(AccessError, "nobody enters it"):
                    mine.write({"mfg_origin_lot_id": value})
            with self.assertRaisesRegex(AccessError, "nobody enters it"):
                mine.create({**own, "mfg_origin_lot_id": lots.id})
        forged = env["stock.lot"].with_context(default_mfg_origin_lot_id=lots.id)
        self.assertFalse(forged.create(own).mfg_origin_lot_id)

    def test_mc_07_nobody_says_that_a_line_was_received(self):
        product, _lots = self.tracked("lot", "L1")
        order = self.confirmed(5, products=product)
        self.ship(self.sale(order))
        received = self.open_receipt(order).move_line_ids
        self.assertTrue(received.mfg_ic_source_line_id)
        env = self.world.env_of("purchaser")
        for rights in (env, env(su=True)):
            mine = received.with_env(rights)
            for value in (False, 1):
                with self.assertRaisesRegex(AccessError, "nobody enters it"):
                    mine.write({"mfg_ic_source_line_id": value})
            with self.assertRaisesRegex(AccessError, "nobody enters it"):
                mine.create(
                    {
                        "move_id": received.move_id.id,
                        "quantity": 1,
                        "mfg_ic_source_line_id": received.mfg_ic_source_line_id,
                    }
                )

    def test_mc_08_returns_on_both_sides(self):
        product, lots = self.tracked("lot", "L1")
        order = self.confirmed(5, products=product)
        sale = self.sale(order)
        self.ship(sale)
        receipt = self.open_receipt(order)
        self.validate(receipt)
        back = self.send_back(receipt, 2)
        self.assertEqual(back.state, "done")
        self.assertEqual(order.order_line.qty_received, 3)
        self.assertEqual(self.transit(product), 2)
        there = sale.picking_ids.filtered(
            lambda picking: picking.location_id.mfg_ic_seller_id
        )
        self.assertEqual((len(there), there.state), (1, "assigned"))
        self.assertEqual(there.move_line_ids.lot_id, lots.with_env(sale.env))
        self.validate(there)
        self.assertEqual(sale.order_line.qty_delivered, 3)
        self.assertEqual(self.transit(product), 0)
        damaged = sale.env["stock.scrap"].create(
            {
                "product_id": product.id,
                "lot_id": lots.id,
                "scrap_qty": 1,
                "location_id": there.location_dest_id.id,
                "picking_id": there.id,
            }
        )
        damaged.action_validate()
        self.assertEqual(damaged.state, "done")
        self.assertEqual(
            (sale.order_line.qty_delivered, order.order_line.qty_received), (3, 3)
        )
        self.assertEqual(self.flow(order).line_ids.qty_returned, 2)

    def test_mc_07_goods_of_another_name_and_unit_leave_the_transit(self):
        """What the buyer calls otherwise lies between the two as the seller's goods."""
        product, lots = self.tracked("lot", "L1")
        dozen = self.env.ref("uom.product_uom_dozen")
        local = self.env["product.product"].create(
            {
                "name": "Welle",
                "detailed_type": "product",
                "tracking": "lot",
                "company_id": self.a.id,
                "uom_id": dozen.id,
                "uom_po_id": dozen.id,
            }
        )
        code = self.env["mfg.item.xref"].create(
            {
                "product_id": product.id,
                "code": "WELLE",
                "company_id": self.a.id,
                "local_product_id": local.id,
                "uom_id": dozen.id,
                "factor": 12,
                "date_from": "2020-01-01",
            }
        )
        self.as_user(code, "apr1").action_approve()
        order = self.confirmed(2, products=local)
        sale = self.sale(order)
        self.assertEqual(sale.order_line.product_uom_qty, 24)
        self.ship(sale)
        self.assertEqual(self.transit(product), 24)
        receipt = self.open_receipt(order)
        self.assertEqual(receipt.move_line_ids.lot_id.name, "L1")
        self.validate(receipt)
        self.assertEqual((self.transit(product), self.transit(local)), (0, 0))
        left = self.env["stock.quant"].search(
            [
                ("location_id.mfg_ic_seller_id", "!=", False),
                ("product_id", "in", (product + local).ids),
                ("quantity", "!=", 0),
            ]
        )
        self.assertFalse(left, "what arrived is taken from the goods that were sent")
        mirrored = receipt.move_line_ids.lot_id
        self.assertEqual((mirrored.product_id.id, mirrored.product_qty), (local.id, 2))
        self.assertFalse(self.flow(order).exception_ids)
        self.send_back(receipt, 1)
        self.assertEqual((self.transit(product), self.transit(local)), (12, 0))
        there = sale.picking_ids.filtered(
            lambda picking: picking.location_id.mfg_ic_seller_id
        )
        self.assertEqual(there.move_line_ids.lot_id, lots.with_env(sale.env))
        self.validate(there)
        self.assertEqual(
            (self.transit(product), sale.order_line.qty_delivered), (0, 12)
        )

    def test_mc_08_nothing_comes_back_that_was_not_sent(self):
        order = self.confirmed(5)
        sale = self.sale(order)
        self.ship(sale)
        self.validate(self.open_receipt(order))
        delivery = sale.picking_ids
        wizard = (
            sale.env["stock.return.picking"]
            .with_context(active_id=delivery.id, active_model="stock.picking")
            .create({"picking_id": delivery.id})
        )
        wizard.product_return_moves.quantity = 2
        back = delivery.browse(wizard._create_returns()[0])
        back.move_ids.picked = True
        with self.assertRaisesRegex(UserError, "0.0 are on their way"):
            back.button_validate()

    def test_receipts_are_booked_where_the_agreement_says_so(self):
        self.terms._transit(receipt_policy="auto")
        order = self.confirmed(5)
        self.ship(self.sale(order), {self.item: 3})
        self.assertEqual(order.order_line.qty_received, 3)
        self.ship(self.sale(order))
        self.assertEqual(order.order_line.qty_received, 5)
        self.assertEqual(self.transit(self.item), 0)

    def test_items_that_are_not_shipped_are_not_booked_in(self):
        self.terms._transit(receipt_policy="auto")
        first, second = self.products[:2]
        order = self.confirmed(5, 4, products=first | second)
        self.ship(self.sale(order), {first: 5, second: 0})
        self.assertFalse(self.exceptions())
        self.assertEqual(order.order_line.mapped("qty_received"), [5, 0])
        self.ship(self.sale(order))
        self.assertEqual(order.order_line.mapped("qty_received"), [5, 4])
        self.assertEqual(order.mfg_ic_flow_id.state, "received")

    def test_what_is_on_its_way_is_counted_at_once(self):
        products = self.env["product.product"].create(
            [
                {"name": f"Bolt {number}", "detailed_type": "product"}
                for number in range(10)
            ]
        )
        for product in products:
            product.with_company(self.b).standard_price = 2
        self.stock(products)
        counts = []
        for chosen in (products[:1], products):
            order = self.confirmed(*[3] * len(chosen), products=chosen)
            self.ship(self.sale(order), dict.fromkeys(chosen, 2))
            self.env.flush_all()
            self.env.invalidate_all()
            lines = self.flow(order).line_ids
            before = self.cr.sql_log_count
            self.assertEqual(set(lines._in_transit().values()), {2})
            counts.append(self.cr.sql_log_count - before)
        self.assertEqual(counts[0], counts[1])

    def test_third_company_does_not_see_the_transit(self):
        product, lots = self.tracked("lot", "SECRET-LOT")
        order = self.confirmed(5, products=product)
        self.ship(self.sale(order))
        place = self.terms._pair_transit()
        quants = self.env["stock.quant"].search([("location_id", "=", place.id)])
        self.assertTrue(quants)
        self.assertTrue(order.env["stock.quant"].browse(quants.ids).read(["quantity"]))
        third = self.world.env_of("third")
        self.assertFalse(
            third["stock.location"].search([("mfg_ic_seller_id", "!=", False)])
        )
        self.assertFalse(third["stock.location"].name_search("In transit: Group"))
        self.assertFalse(third["stock.quant"].search([("product_id", "=", product.id)]))
        self.assertFalse(
            third["stock.quant"].read_group(
                [("product_id", "=", product.id)], ["quantity"], ["lot_id"]
            )
        )
        self.assertFalse(third["stock.lot"].search([("name", "=", "SECRET-LOT")]))
        for record in (quants, place):
            with self.assertRaises(AccessError):
                record.with_env(third).read(["display_name"])

    def test_mc_13_chain_of_three_companies(self):
        """A buys of B, which buys of C on demand; C's price is missing at first."""
        item = self.bought_on_demand(self.c)
        item.with_company(self.b).standard_price = 9
        item.with_company(self.c).standard_price = 7
        self.stock(item, company="c")
        first = self.agreement_of_c()
        order = self.confirmed(5, products=item)
        self.assertEqual(order.state, "purchase")
        sale = self.flow(order)._sale()
        self.assertEqual(sale.state, "sale")
        bought = self.env["purchase.order"].search(
            [("company_id", "=", self.b.id), ("partner_id", "=", self.c.partner_id.id)]
        )
        self.assertEqual((len(bought), bought.state), (1, "draft"))
        found = self.env["mfg.ic.exception"].search([("res_id", "=", bought.id)])
        self.assertEqual((found.kind, found.step), ("price", "confirm"), found.name)
        self.assertEqual(found.buyer_owner_id, self.world.users["seller"])
        self.assertEqual(found.seller_owner_id, self.world.users["outsider"])
        self.price(first, percent=10)
        self.as_user(found, "seller").action_retry()
        self.assertEqual((found.state, bought.state), ("resolved", "purchase"))
        self.assertAlmostEqual(bought.order_line.price_unit, 7.7)
        second = self.flow(bought)
        self.assertEqual(second._sale().company_id, self.c)
        self.assertEqual(second.chain_root_id, self.flow(order))
        self.assertEqual(second.parent_flow_id, self.flow(order))
        logs = self.env["mfg.ic.price.log"].search(
            [("flow_id", "in", (self.flow(order) | second).ids)]
        )
        self.assertEqual(len(logs), 2)
        self.assertFalse(
            self.world.env_of("purchaser")["mfg.ic.flow"].search(
                [("id", "=", second.id)]
            )
        )

    def test_mc_13_chain_does_not_come_back_to_who_began_it(self):
        item = self.bought_on_demand(self.a)
        item.with_company(self.b).standard_price = 9
        item.with_company(self.a).standard_price = 7
        self.deal(seller="a", buyer="b")
        order = self.confirmed(5, products=item)
        self.assertEqual(self.flow(order)._sale().state, "sale")
        back = self.env["purchase.order"].search(
            [("company_id", "=", self.b.id), ("partner_id", "=", self.a.partner_id.id)]
        )
        self.assertEqual((len(back), back.state), (1, "draft"))
        found = self.env["mfg.ic.exception"].search([("res_id", "=", back.id)])
        self.assertIn("without end", found.name)
        self.as_user(found, "seller").action_retry()
        self.assertEqual((found.state, back.state), ("open", "draft"))

    def bought_on_demand(self, vendor):
        """An item that B buys of a company of the group for each sale."""
        mto = self.env.ref("stock.route_warehouse0_mto")
        mto.active = True
        warehouse = self.world.warehouse("b")
        return self.env["product.product"].create(
            {
                "name": f"Made by {vendor.name}",
                "detailed_type": "product",
                "route_ids": [Command.set((mto | warehouse.buy_pull_id.route_id).ids)],
                "seller_ids": [
                    Command.create(
                        {
                            "partner_id": vendor.partner_id.id,
                            "company_id": self.b.id,
                            "price": 3,
                        }
                    )
                ],
            }
        )

    def agreement_of_c(self):
        """C sells to B; the sides are approved by people of theirs."""
        self.world.user("apr_c", "mfg_multi_company.group_approve", "c")
        agreement = self.draft_agreement(seller="c", buyer="b", by="seller")
        agreement.action_propose()
        self.as_user(agreement, "apr_b").action_approve()
        self.as_user(agreement, "apr_c").action_approve()
        return agreement.with_env(self.env)
