from odoo.tests import tagged

from .trade_common import TradeCase


@tagged("post_install", "-at_install")
class TestSeedCase(TradeCase):
    """A partly damaged shipment that was paid in a foreign currency comes back."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.euro = cls.env.ref("base.EUR")
        cls.euro.active = True
        for company in (cls.a, cls.b):
            cls.env["res.currency.rate"].create(
                {
                    "currency_id": cls.euro.id,
                    "company_id": company.id,
                    "name": "2020-01-01",
                    "rate": 0.9,
                }
            )
        cls.terms = cls.deal(currency_id=cls.euro.id)

    def pay(self, move):
        """Settle an invoice or bill in full."""
        wizard = (
            self.env["account.payment.register"]
            .with_company(move.company_id)
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({})
        )
        wizard._create_payments()

    def test_mc_08_damaged_goods_paid_in_a_foreign_currency(self):
        item = self.products[0]
        item.invoice_policy = "delivery"
        order = self.confirmed(5)
        self.assertEqual(order.currency_id, self.euro)
        self.assertAlmostEqual(order.order_line.price_unit, 9.72)
        sale = self.sale(order)
        self.assertEqual(sale.currency_id, self.euro)
        self.ship(sale)
        receipt = self.open_receipt(order)
        self.validate(receipt)
        clerk = self.as_user(sale, "service_b")
        invoice = clerk._create_invoices()
        invoice.action_post()
        self.env.invalidate_all()
        flow = self.flow(order)
        self.assertEqual(flow._documents("invoice"), invoice.sudo())
        bill = flow._documents("bill")
        self.assertEqual((invoice.currency_id, bill.currency_id), (self.euro,) * 2)
        # 5 × 9.72 euros at 0.9 euros for a dollar, on both sides
        self.assertEqual(
            (invoice.amount_untaxed_signed, bill.amount_untaxed_signed), (54, -54)
        )
        self.assertEqual(
            (bill.state, bill.amount_total), ("posted", invoice.amount_total)
        )
        self.assertEqual(bill.invoice_line_ids.purchase_line_id.id, order.order_line.id)
        self.assertEqual(order.order_line.qty_invoiced, 5)
        for move in (invoice, bill):
            self.pay(move.with_env(self.env))
        self.assertEqual({invoice.amount_residual, bill.amount_residual}, {0})

        wizard = (
            receipt.env["stock.return.picking"]
            .with_context(active_id=receipt.id, active_model="stock.picking")
            .create({"picking_id": receipt.id})
        )
        wizard.product_return_moves.quantity = 2
        back = receipt.browse(wizard._create_returns()[0])
        back.move_ids.picked = True
        self.validate(back)
        there = sale.picking_ids.filtered(
            lambda picking: picking.location_id.mfg_ic_seller_id
        )
        self.validate(there)
        self.assertEqual(sale.order_line.qty_delivered, 3)
        self.assertEqual(order.order_line.qty_received, 3)
        self.assertEqual(self.terms.damage_owner, "seller")
        scrap = sale.env["stock.scrap"].create(
            {
                "product_id": item.id,
                "scrap_qty": 1,
                "location_id": there.location_dest_id.id,
                "picking_id": there.id,
            }
        )
        scrap.action_validate()
        self.assertEqual(scrap.company_id, self.b)

        credit = clerk._create_invoices(final=True)
        self.assertEqual(credit.move_type, "out_refund")
        credit.action_post()
        self.env.invalidate_all()
        refund = flow._documents("refund")
        self.assertEqual(
            (refund.state, refund.amount_total), ("posted", credit.amount_total)
        )
        self.assertEqual(order.order_line.qty_invoiced, 3)
        # Both owe each other the same until the money goes back.
        self.assertEqual(credit.amount_residual, refund.amount_residual)
        balance = self.env["mfg.ic.balance"].search(
            [
                ("seller_company_id", "=", self.b.id),
                ("buyer_company_id", "=", self.a.id),
            ]
        )
        self.assertEqual(sum(balance.mapped("difference")), 0)
        self.assertFalse(
            flow.exception_ids.filtered(lambda found: found.state == "open")
        )
