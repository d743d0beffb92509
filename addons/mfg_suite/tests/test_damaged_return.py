from odoo import Command
from odoo.tests import Form, tagged

from odoo.addons.mfg_multi_company.tests.ic_common import ACCOUNTING
from odoo.addons.mfg_multi_company_trade.tests.trade_common import (
    SELL,
    STOCK,
    TradeCase,
)

INVOICED, PAID, CREDITED, PAID_BACK = (
    "2024-03-10",
    "2024-04-10",
    "2024-05-10",
    "2024-06-10",
)
#: US dollars for a euro since that day
DOLLARS = {INVOICED: 1.25, PAID: 1.28, CREDITED: 1.20, PAID_BACK: 1.35}


@tagged("post_install", "-at_install")
class TestDamagedReturn(TradeCase):
    """A buys ten motors of B at 40 euros and sells them at 100 euros; five come back.

    Both keep their books in dollars. The cost at B is 50 dollars, the price of the deal 8 %
    more: 54 dollars, 40 euros. No taxes.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.euro = cls.env.ref("base.EUR")
        cls.euro.active = True
        cls.env["res.currency.rate"].create(
            [
                {
                    "currency_id": cls.euro.id,
                    "company_id": company.id,
                    "name": day,
                    "rate": 1 / dollars,
                }
                for company in (cls.a, cls.b)
                for day, dollars in DOLLARS.items()
            ]
        )
        cls.deal(currency_id=cls.euro.id)
        world = cls.world
        world.user("sales_a", SELL, "a")
        for key in "ab":
            world.user(f"clerk_{key}", f"{SELL},{ACCOUNTING}", key)
        world.user(
            "quality", f"{STOCK},mrp.group_mrp_user,mfg_quality_hold.group_inspect", "a"
        )
        world.user("configurer", "mfg_quality_hold.group_configure", "a")
        signer = world.user("signer", "mfg_quality_hold.group_approve", "a")
        signer.password = "sign it"
        cls.motor = cls.env["product.product"].create(
            {
                "name": "Motor",
                "detailed_type": "product",
                "tracking": "lot",
                "invoice_policy": "delivery",
                "purchase_method": "receive",
                "taxes_id": False,
                "supplier_taxes_id": False,
            }
        )
        cls.motor.with_company(cls.b).standard_price = 50
        cls.lot = cls.env["stock.lot"].create(
            {"name": "M-1", "product_id": cls.motor.id, "company_id": cls.b.id}
        )
        cls.stock(cls.motor, 100, lots=cls.lot)
        cls.customer = cls.env["res.partner"].create({"name": "Customer in Euros"})
        quality = world.env_of("configurer")
        quality["mfg.quality.inspection.plan"].create(
            {
                "name": "Motors that come back",
                "product_ids": [Command.set(cls.motor.ids)],
                "sample_size": 1,
                "characteristic_ids": [
                    Command.create({"name": "Housing is whole", "kind": "attribute"})
                ],
            }
        )
        quality["mfg.quality.hold.rule"].create(
            {
                "name": "What comes back",
                "trigger": "return",
                "reason_id": cls.env.ref("mfg_quality_hold.reason_complaint").id,
            }
        )

    # -- documents ---------------------------------------------------------------------

    def sell(self, quantity):
        """An order of the customer in euros, delivered."""
        env = self.world.env_of("sales_a")
        pricelist = self.env["product.pricelist"].create(
            {
                "name": "Euros",
                "currency_id": self.euro.id,
                "company_id": self.a.id,
            }
        )
        sale = env["sale.order"].create(
            {
                "partner_id": self.customer.id,
                "pricelist_id": pricelist.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": self.motor.id,
                            "product_uom_qty": quantity,
                            "price_unit": 100,
                        }
                    )
                ],
            }
        )
        sale.action_confirm()
        self.ship(sale)
        return sale

    def charge(self, sale, clerk, day):
        """Invoice or credit what a sale says, as the clerk of its company."""
        move = self.as_user(sale, clerk)._create_invoices(final=True)
        move.invoice_date = day
        move.action_post()
        self.env.invalidate_all()
        return move

    def pay(self, move, clerk, day):
        move = self.as_user(move, clerk)
        action = move.action_register_payment()
        wizard = move.env[action["res_model"]].with_context(**action["context"])
        wizard.create({"payment_date": day})._create_payments()
        self.env.invalidate_all()
        self.assertEqual(move.amount_residual, 0)

    def decide(self, hold, kind, quantity):
        """Propose as quality, sign as the other person, carry out as quality."""
        action = hold.action_propose_disposition()
        form = Form(hold.env[action["res_model"]].with_context(**action["context"]))
        form.kind = kind
        with form.line_ids.edit(0) as line:
            line.quantity = quantity
        decision = form.save()
        decision.action_propose()
        self.sign(decision)
        if decision.state == "approved":
            decision.action_execute()
        return decision

    def sign(self, decision, answer="approve"):
        decision = self.as_user(decision, "signer")
        action = decision.action_sign()
        dialog = Form(
            decision.env[action["res_model"]].with_context(**action["context"])
        )
        dialog.decision = answer
        dialog.password = "sign it"
        dialog.save().action_done()

    # -- what the books say ------------------------------------------------------------

    def booked(self, company, *accounts):
        """Balance of accounts in dollars, debit above zero."""
        lines = self.env["account.move.line"].search(
            [
                ("company_id", "=", company.id),
                ("parent_state", "=", "posted"),
                ("account_id", "in", [account.id for account in accounts]),
            ]
        )
        return round(sum(lines.mapped("balance")), 2)

    def exchange(self, company):
        """(gains, losses) of exchange rates in dollars."""
        return (
            -self.booked(company, company.income_currency_exchange_account_id),
            self.booked(company, company.expense_currency_exchange_account_id),
        )

    def on_hand(self, company):
        quants = self.env["stock.quant"].search(
            [
                ("product_id", "=", self.motor.id),
                ("location_id.usage", "=", "internal"),
                ("company_id", "=", company.id),
            ]
        )
        return sum(quants.mapped("quantity"))

    def test_su_02_damaged_return_paid_in_a_foreign_currency(self):
        # B → A → customer, invoiced on one day and paid a month later.
        order = self.confirmed(10, products=self.motor)
        self.assertEqual(order.currency_id, self.euro)
        self.assertAlmostEqual(order.order_line.price_unit, 40)
        seller = self.sale(order)
        self.ship(seller)
        receipt = self.open_receipt(order)
        self.validate(receipt)
        sale = self.sell(10)
        self.assertEqual((sale.currency_id, sale.amount_total), (self.euro, 1000))
        invoice = self.charge(sale, "clerk_a", INVOICED)
        between = self.charge(seller, "clerk_b", INVOICED)
        flow = self.flow(order)
        bill = flow._documents("bill")
        self.assertEqual((bill.state, bill.amount_total), ("posted", 400))
        self.assertEqual(invoice.amount_total_signed, 1250)
        self.assertEqual(
            (between.amount_total_signed, bill.amount_total_signed), (500, -500)
        )
        self.pay(invoice, "clerk_a", PAID)
        self.pay(bill, "clerk_a", PAID)
        self.pay(between, "clerk_b", PAID)
        # 1000 × (1.28 − 1.25) won of the customer, 400 × 0.03 lost to B.
        self.assertEqual(self.exchange(self.a), (30, 12))
        self.assertEqual(self.exchange(self.b), (12, 0))

        # Five come back; the rule holds them, the inspection fails them.
        self.assertEqual(self.send_back(sale.picking_ids, 5).state, "done")
        self.assertEqual(sale.order_line.qty_delivered, 5)
        quality = self.world.env_of("quality")
        hold = quality["mfg.quality.hold"].search([])
        self.assertEqual(
            (hold.line_ids.lot_id.name, hold.qty_held, hold.origin), ("M-1", 5, "rule")
        )
        inspection = hold.inspection_ids
        inspection.result_ids.attribute = "no"
        inspection.action_decide()
        self.assertEqual(inspection.verdict, "fail")
        # Not all of it has to be scrapped, as the plan proposes.
        self.sign(hold.disposition_ids, "reject")
        self.decide(hold, "scrap", 1)
        self.decide(hold, "release", 1)
        back = self.decide(hold, "return_vendor", 3)
        self.assertEqual(back.vendor_id.id, self.b.partner_id.id)
        parcel = self.as_user(back.picking_ids, "purchaser")
        self.assertEqual(parcel.location_dest_id.mfg_ic_seller_id.id, self.b.id)
        self.validate(parcel)
        self.assertEqual((parcel.state, back.state), ("done", "done"))
        self.assertEqual(hold.state, "closed")
        self.assertEqual(self.transit(self.motor), 3)
        arriving = seller.picking_ids.filtered(lambda each: each.state == "assigned")
        self.assertEqual(arriving.move_line_ids.lot_id.id, self.lot.id)
        self.validate(arriving)
        self.assertEqual(self.transit(self.motor), 0)
        self.assertEqual((self.on_hand(self.a), self.on_hand(self.b)), (1, 93))
        self.assertEqual(order.order_line.qty_received, 7)
        self.assertEqual(seller.order_line.qty_delivered, 7)

        # Both credit notes another month later, the money back in yet another one.
        credit = self.charge(sale, "clerk_a", CREDITED)
        self.assertEqual((credit.move_type, credit.amount_total), ("out_refund", 500))
        self.assertEqual(credit.amount_total_signed, -600)
        credit_between = self.charge(seller, "clerk_b", CREDITED)
        refund = flow._documents("refund")
        self.assertEqual((refund.state, refund.amount_total), ("posted", 120))
        self.assertEqual(
            (credit_between.amount_total_signed, refund.amount_total_signed),
            (-144, 144),
        )
        # The decision to send goods back did not draft a second one.
        self.assertEqual(order.invoice_ids.sudo(), bill | refund)
        self.assertEqual(order.order_line.qty_invoiced, 7)
        self.pay(credit, "clerk_a", PAID_BACK)
        self.pay(refund, "clerk_a", PAID_BACK)
        self.pay(credit_between, "clerk_b", PAID_BACK)

        # 500 × (1.35 − 1.20) lost to the customer, 120 × 0.15 won of B.
        self.assertEqual(self.exchange(self.a), (48, 87))
        self.assertEqual(self.exchange(self.b), (12, 18))
        income_a = invoice.invoice_line_ids.account_id.with_env(self.env)
        income_b = between.invoice_line_ids.account_id.with_env(self.env)
        cost_a = bill.invoice_line_ids.account_id
        self.assertEqual(self.booked(self.a, *income_a), -650)
        self.assertEqual(self.booked(self.b, *income_b), -356)
        self.assertEqual(self.booked(self.a, *cost_a), 356)
        pair = self.env["mfg.ic.balance"].search(
            [
                ("seller_company_id", "=", self.b.id),
                ("buyer_company_id", "=", self.a.id),
            ]
        )
        self.assertEqual(
            {
                str(row.period): (row.receivable, row.payable, row.difference)
                for row in pair
            },
            {"2024-03-01": (400, 400, 0), "2024-05-01": (-120, -120, 0)},
        )
        self.assertEqual(
            {(row.open_receivable, row.open_payable, row.in_transit) for row in pair},
            {(0, 0, 0)},
        )
        self.assertFalse(
            flow.exception_ids.filtered(lambda found: found.state == "open")
        )
