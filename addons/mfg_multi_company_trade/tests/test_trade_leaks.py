import json

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from odoo.addons.mfg_multi_company.tests.leak_probes import LeakProbes

from .trade_common import TradeCase

SECRET = "Iridiumnabe-0815"
# What the deal between A and B consists of, and where it is found.
DEAL = {
    "purchase.order": "company_id",
    "purchase.order.line": "company_id",
    "sale.order": "company_id",
    "sale.order.line": "company_id",
    "stock.picking": "company_id",
    "stock.move": "company_id",
    "stock.move.line": "company_id",
    "stock.quant": "company_id",
    "stock.lot": "company_id",
    "stock.valuation.layer": "company_id",
    "mfg.ic.change": "seller_company_id",
    "mfg.ic.change.line": "change_id.seller_company_id",
    "mfg.ic.transit": "seller_company_id",
}


@tagged("post_install", "-at_install")
class TestTradeLeaks(LeakProbes, HttpCase, TradeCase):
    """A third company finds neither orders nor goods of a deal, printed or attached."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.deal()
        part = cls.env["product.product"].create(
            {"name": "Hub", "detailed_type": "product", "tracking": "lot"}
        )
        part.with_company(cls.b).standard_price = 10
        lot = cls.env["stock.lot"].create(
            {"name": SECRET, "product_id": part.id, "company_id": cls.b.id}
        )
        cls.stock(part, lots=[lot])
        local = cls.local_item(SECRET, tracking="lot")
        cls.give_code(local, part)
        cls.bought = cls.confirmed(5, products=local, notes=SECRET)
        cls.sold = cls.sale(cls.bought)
        cls.sold.note = SECRET
        cls.ship(cls.sold, {part: 3})
        change = cls.world.env_of("purchaser")["mfg.ic.change"].create(
            {"flow_id": cls.bought.mfg_ic_flow_id.id, "reason": SECRET}
        )
        change.line_ids.quantity = 4
        cls.attachments = cls.env["ir.attachment"].create(
            [
                {
                    "name": f"{SECRET}.txt",
                    "raw": SECRET.encode(),
                    "res_model": record._name,
                    "res_id": record.id,
                }
                for record in (cls.bought, cls.sold, cls.sold.picking_ids[0])
            ]
        )
        cls.bought.message_post(body=SECRET)
        cls.world.users["third"].groups_id |= cls.env.ref("base.group_allow_export")
        cls.env.flush_all()
        cls.env.ref("base.user_admin").company_ids |= cls.a | cls.b | cls.c
        for user in (cls.world.users["third"], cls.env.ref("base.user_admin")):
            user.password = user.login

    def test_mc_15_third_company_finds_no_order_and_no_goods(self):
        stranger = self.world.env_of("third")
        for name, path in DEAL.items():
            # The deal as it is, past the rules that are tried out.
            deal = self.env[name].sudo().search([(path, "in", (self.a | self.b).ids)])
            self.assertHidden(deal, stranger)

    def fetched(self, login, url, **params):
        """What a signed-in person gets from an address, as text.

        :param params: of a call of the web client; a plain GET without
        """
        self.authenticate(login, login)
        if not params:
            return self.url_open(url).text
        return self.url_open(
            url,
            data=json.dumps({"jsonrpc": "2.0", "method": "call", "params": params}),
            headers={"Content-Type": "application/json"},
        ).text

    def assertNotFetched(self, url, **params):
        admin = self.env.ref("base.user_admin").login
        self.assertIn(SECRET, self.fetched(admin, url, **params), "as administrator")
        stranger = self.world.users["third"].login
        with mute_logger("odoo.http"):  # Odoo notes that it refused
            self.assertNotIn(SECRET, self.fetched(stranger, url, **params))

    def test_mc_15_third_company_prints_nothing(self):
        for report, record in (
            ("purchase.report_purchaseorder", self.bought),
            ("sale.report_saleorder", self.sold),
            ("stock.report_deliveryslip", self.bought.picking_ids[0]),
        ):
            with self.subTest(report=report):
                # A website's pages are of its company unless one asks for others.
                asked = json.dumps({"allowed_company_ids": self.all_companies()})
                self.assertNotFetched(
                    f"/report/html/{report}/{record.id}?context={asked}"
                )

    def test_mc_15_third_company_downloads_nothing(self):
        for attachment in self.attachments:
            with self.subTest(of=attachment.res_model):
                self.assertNotFetched(f"/web/content/{attachment.id}")

    def test_mc_15_third_company_reads_no_chatter(self):
        self.assertNotFetched(
            "/mail/thread/messages",
            thread_model="purchase.order",
            thread_id=self.bought.id,
        )

    def test_mc_15_third_company_calls_nothing(self):
        for model, record, fields in (
            ("purchase.order", self.bought, ["notes"]),
            ("purchase.order.line", self.bought.order_line, ["name"]),
            ("sale.order", self.sold, ["note"]),
            ("stock.move.line", self.sold.picking_ids.move_line_ids[0], ["lot_id"]),
        ):
            with self.subTest(model=model):
                self.assertNotFetched(
                    f"/web/dataset/call_kw/{model}/read",
                    model=model,
                    method="read",
                    args=[record.ids, fields],
                    kwargs={"context": {"allowed_company_ids": self.all_companies()}},
                )

    def all_companies(self):
        """Companies that a stranger may claim to work in, too."""
        return (self.a | self.b | self.c).ids
