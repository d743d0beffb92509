import json

from odoo.exceptions import AccessError
from odoo.tests import tagged

from .ic_common import IntercompanyCase
from .leak_probes import LeakProbes

SECRET = "Zirkonwelle-4711"
MODELS = [
    "mfg.ic.agreement",
    "mfg.ic.agreement.side",
    "mfg.ic.account.map",
    "mfg.ic.price.rule",
    "mfg.ic.price.log",
    "mfg.ic.flow",
    "mfg.ic.flow.line",
    "mfg.ic.link",
    "mfg.ic.milestone",
    "mfg.ic.exception",
    "mfg.ic.balance",
    "mfg.ic.mismatch",
    "account.move",
    "account.move.line",
    "mail.message",
]


@tagged("post_install", "-at_install")
class TestLeaks(LeakProbes, IntercompanyCase):
    """A third company finds nothing of a deal, on any way; whoever may see it does."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract = cls.agreement(note=SECRET)
        rule = cls.world.env_of("finance_b")["mfg.ic.price.rule"].create(
            {"agreement_id": cls.contract.id, "percent": 8, "date_from": "2020-01-01"}
        )
        rule.action_request()
        cls.as_user(rule, "apr_b").action_approve()
        side = cls.contract.sudo().side_ids.filtered(lambda row: row.side == "buyer")
        cls.env["mfg.ic.account.map"].create(
            {
                "side_id": side.id,
                "seller_code": "4",
                "account_id": side.default_account_id.id,
            }
        )
        cls.product = cls.item(name=SECRET, company_id=cls.world.companies["b"].id)
        shared = cls.item()
        invoice = cls.invoice((shared, 1, 4711), ref=SECRET)
        invoice.action_post()
        # What has no counterpart is an exception, and an unmatched document.
        cls.invoice((cls.product, 1, 4712)).action_post()
        cls.flow = cls.env["mfg.ic.flow"]._flow_of(invoice)
        cls.env["mfg.ic.flow.line"].create(
            {
                "flow_id": cls.flow.id,
                "seller_product_id": cls.product.id,
                "price_seller": 4711,
            }
        )
        _price, _currency, trace = cls.contract._mfg_ic_price(cls.product, 1)
        cls.env["mfg.ic.price.log"]._note([trace], cls.flow)
        cls.flow.message_post(body=SECRET)
        cls.env["ir.attachment"].create(
            {
                "name": SECRET,
                "raw": b"4711",
                "res_model": cls.flow._name,
                "res_id": cls.flow.id,
            }
        )
        cls.env.flush_all()

    def foreign(self, model):
        """Records of the deal between A and B, as the administrator finds them."""
        pair = [self.world.companies[key].id for key in "ab"]
        records = self.env[model].sudo()
        if model == "mail.message":
            return records.search([("body", "ilike", SECRET)])
        if model in ("mfg.ic.flow.line", "mfg.ic.milestone", "mfg.ic.link"):
            return records.search([("flow_id.seller_company_id", "in", pair)])
        name = next(
            name
            for name in ("seller_company_id", "company_id")
            if name in records._fields
        )
        return records.search([(name, "in", pair)])

    def test_mc_15_third_company_finds_nothing(self):
        stranger = self.world.env_of("outsider")
        for name in MODELS:
            self.assertHidden(self.foreign(name), stranger)

    def test_mc_15_no_way_round_over_related_fields(self):
        stranger = self.world.env_of("outsider")
        ways = [
            ("mfg.ic.flow.line", "flow_id.agreement_id.note", SECRET),
            ("mfg.ic.price.log", "product_id.name", SECRET),
            ("mfg.ic.exception", "flow_id.agreement_id.note", SECRET),
            ("ir.attachment", "name", SECRET),
        ]
        for name, path, value in ways:
            domain = [(path, "ilike", value)]
            with self.subTest(model=name, path=path):
                self.assertTrue(self.env[name].sudo().search_count(domain))
                found = stranger[name].search(domain)
                self.assertFalse(found)

    def test_mc_15_other_side_sees_numbers_and_states_only(self):
        buyer = self.world.env_of("buyer")
        flow = self.flow.with_env(buyer)
        links = flow.link_ids
        theirs = links.filtered(lambda link: link.side == "seller")
        self.assertEqual(theirs.status, "Posted")
        self.assertTrue(theirs.reference)
        self.assertFalse(theirs.is_own)
        with self.assertRaises(AccessError):
            buyer["account.move"].browse(theirs.res_id).read(["name"])
        everything = json.dumps(
            flow.web_read(
                {
                    "link_ids": {"fields": {"reference": {}, "status": {}}},
                    "line_ids": {"fields": {"label": {}, "price_seller": {}}},
                    "milestone_ids": {"fields": {"milestone": {}, "note": {}}},
                }
            ),
            default=str,
        )
        self.assertNotIn(SECRET, everything, "the seller's own product")
        with self.assertRaises(AccessError):
            flow.line_ids.read(["seller_product_id"])
        self.assertFalse(
            flow.agreement_id.side_ids.filtered(lambda row: row.side == "seller")
        )
