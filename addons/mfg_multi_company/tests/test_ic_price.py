from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..exceptions import PriceMissing
from .ic_common import IntercompanyCase


@tagged("post_install", "-at_install")
class TestTransferPrice(IntercompanyCase):
    """What an item costs between two companies, whoever asks."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.euro = cls.env.ref("base.EUR")
        cls.euro.active = True
        # The seller's rate counts, the buyer's is another one.
        for key, rate in (("a", 0.5), ("b", 0.9)):
            cls.env["res.currency.rate"].create(
                {
                    "currency_id": cls.euro.id,
                    "name": "2026-01-01",
                    "rate": rate,
                    "company_id": cls.world.companies[key].id,
                }
            )
        cls.contract = cls.agreement(currency_id=cls.euro.id)
        cls.product = cls.item()
        cls.cost("b", 10)
        cls.cost("a", 99)

    @classmethod
    def cost(cls, company, amount):
        product = cls.product.with_company(cls.world.companies[company])
        product.standard_price = amount

    def rule(self, approver="apr_b", **values):
        rule = self.world.env_of("finance_b")["mfg.ic.price.rule"].create(
            {
                "agreement_id": self.contract.id,
                "method": "cost_percent",
                "percent": 8,
                "date_from": "2026-01-01",
                **values,
            }
        )
        rule.action_request()
        if approver:
            self.as_user(rule, approver).action_approve()
        return rule

    def price(self, qty=1, who=None, uom=None, date="2026-02-01"):
        contract = self.as_user(self.contract, who) if who else self.contract
        date = self.env["mfg.ic.agreement"]._fields["date_from"].to_date(date)
        return contract._mfg_ic_price(self.product, qty, uom, date)

    def test_mc_03_cost_plus_percent_is_the_same_for_everybody(self):
        rule = self.rule()
        for who in ("buyer", "seller", "worker", None):
            price, currency, trace = self.price(who=who)
            self.assertEqual((price, currency), (9.72, self.euro), who)
            self.assertEqual(trace["basis"], 10)
            self.assertAlmostEqual(trace["rate"], 0.9, 12)
            self.assertEqual(str(trace["rate_date"]), "2026-02-01")
            self.assertEqual(
                trace["public"],
                f"{self.contract.name}, version 1 of the price, of 2026-02-01",
            )
        log = (
            self.as_user(self.contract, "buyer").env["mfg.ic.price.log"]._note([trace])
        )
        seen = log.with_env(self.world.env_of("finance_b"))
        self.assertEqual(
            (seen.rule_id, seen.rule_version, seen.basis, round(seen.price, 6)),
            (rule, 1, 10, 9.72),
        )
        self.assertAlmostEqual(seen.margin_percent, 100 * 0.8 / 10.8, 3)

    def test_mc_03_expired_rule_says_what_to_do(self):
        self.rule(date_to="2026-01-31")
        self.assertEqual(self.price(date="2026-01-31")[0], 9.72)
        with self.assertRaisesRegex(
            PriceMissing, "no approved price.*2026-02-01.*second"
        ):
            self.price(who="buyer")

    def test_mc_03_unapproved_rule_does_not_count(self):
        rule = self.rule(approver=None)
        with self.assertRaises(PriceMissing):
            self.price()
        asked = rule.sudo().activity_ids.user_id
        self.assertIn(self.world.users["apr_b"], asked, "decides for the seller")
        self.assertNotIn(self.world.users["apr1"], asked, "is of the buyer's")

    def test_mc_19_author_does_not_approve_the_own_price(self):
        self.world.users["finance_b"].groups_id |= self.env.ref(
            "mfg_multi_company.group_approve"
        )
        rule = self.rule(approver=None)
        with self.assertRaisesRegex(AccessError, "Another person"):
            rule.action_approve()
        with self.assertRaisesRegex(AccessError, "buttons only"):
            rule.write({"state": "approved"})

    def test_mc_15_buyer_sees_neither_rule_nor_cost(self):
        rule = self.rule()
        trace = self.price()[2]
        log = self.env["mfg.ic.price.log"]._note([trace])
        self.world.users["buyer"].groups_id |= self.env.ref(
            "mfg_multi_company.group_transfer_price"
        )
        env = self.world.env_of("buyer")
        self.assertFalse(env["mfg.ic.price.rule"].search([]))
        self.assertFalse(env["mfg.ic.price.log"].search([]))
        self.assertFalse(
            env["mfg.ic.agreement"].browse(self.contract.id).price_rule_ids
        )
        for record in (rule, log):
            with self.assertRaises(AccessError):
                record.with_env(env).read(["method"])

    def test_methods(self):
        component = self.item(name="Bar")
        component.with_company(self.world.companies["b"]).standard_price = 3
        self.env["mrp.bom"].create(
            {
                "product_tmpl_id": self.product.product_tmpl_id.id,
                "company_id": self.world.companies["b"].id,
                "bom_line_ids": [
                    Command.create({"product_id": component.id, "product_qty": 4})
                ],
            }
        )
        self.product.lst_price = 50
        expected = {
            "cost": ({}, 10),
            "cost_amount": ({"amount": 2}, 12),
            "market": ({"percent": 20}, 40),
            "fixed": ({"amount": 7.5}, 7.5),
            "bom": ({"percent": 50}, 18),
        }
        for method, (values, price) in expected.items():
            rule = self.rule(method=method, **{"percent": 0, **values})
            self.assertEqual(self.price()[0], round(price * 0.9, 2), method)
            self.as_user(rule, "finance_b").action_retire()
            rule.sudo()._transit(date_to="2026-01-02")

    def test_band_rounding_and_quantity(self):
        self.rule(rounding=0.5)
        self.assertEqual(self.price()[0], 9.9, "10.80 becomes 11.00 USD")
        self.rule(min_quantity=10, percent=0, max_price=9)
        self.assertEqual(self.price(qty=9)[0], 9.9)
        self.assertEqual(self.price(qty=10)[0], 8.1)
        dozen = self.env.ref("uom.product_uom_dozen")
        self.assertEqual(self.price(qty=1, uom=dozen)[0], 97.2, "twelve of them")

    def test_new_version_ends_the_one_before(self):
        first = self.rule()
        second = self.rule(percent=10, date_from="2026-03-01")
        self.assertEqual((first.version, second.version), (1, 2))
        self.assertEqual(str(first.date_to), "2026-02-28")
        self.assertEqual(self.price(date="2026-02-28")[2]["rule_version"], 1)
        self.assertEqual(self.price(date="2026-03-01")[2]["rule_version"], 2)
