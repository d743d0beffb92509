from odoo.tests import Form, new_test_user, tagged

from odoo.addons.mfg_multi_company.tests.world import PLANTS
from odoo.addons.mfg_multi_company_trade.tests.trade_common import BUY, TradeCase


@tagged("post_install", "-at_install")
class TestSeededFaults(TradeCase):
    """SU-04: a price that does not fit and a gap in the trail, as they come about."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.world.user("buyer_in_charge", f"{BUY},{PLANTS}user", "a")
        terms = cls.deal()
        terms._side("buyer").owner_id = cls.world.users["buyer_in_charge"]

    def mine(self, env, kind):
        """What waits for somebody, and nothing else of the kind."""
        self.env.flush_all()
        self.env.invalidate_all()
        return env["mfg.suite.exception"].search(
            [("is_mine", "=", True), ("kind", "=", kind)]
        )

    def opened(self, row):
        """What *Resolve* opens."""
        action = row.action_resolve()
        return row.env[action["res_model"]].browse(action["res_id"])

    def test_su_04_price_mismatch_two_clicks(self):
        order, found = self.without_code()
        self.give_code(order.order_line.product_id)
        env = self.world.env_of("buyer_in_charge")
        self.opened(self.mine(env, "intercompany")).action_retry()
        self.assertEqual((found.kind, found.state), ("price", "open"))
        exception = self.opened(self.mine(env, "intercompany"))
        self.assertTrue(exception.takes_prices)
        exception.action_take_prices()
        self.assertEqual(found.state, "resolved")
        self.assertEqual(self.flow(order)._sale().amount_untaxed, order.amount_untaxed)
        self.assertEqual(order.order_line.price_unit, 10.8)
        self.assertFalse(self.mine(env, "intercompany"))

    def test_su_04_capture_gap_two_clicks(self):
        reviewer = new_test_user(
            self.env, "gap-reviewer", "mfg_audit_trail.group_reviewer"
        )
        self.env["mfg.audit.alert.rule"].search([]).owner_id = reviewer
        self.env["mfg.audit.rule"].create(
            {"model_id": self.env["ir.model"]._get_id("res.bank")}
        )
        env = self.env(
            user=reviewer.id, context={"allowed_company_ids": reviewer.company_ids.ids}
        )
        alerts = self.env["mfg.audit.alert"]
        alerts._cron_watch()
        others = self.mine(env, "audit")
        self.env.cr.execute("ALTER TABLE res_bank DISABLE TRIGGER mfg_audit_capture")
        alerts._cron_watch()
        row = self.mine(env, "audit") - others
        self.assertEqual(len(row), 1)
        with Form(self.opened(row)) as form:
            form.conclusion = "Switched off for the migration, on again since noon."
        form.record.action_close()
        # Meanwhile the cron has put it right, so nothing is told again.
        self.env["mfg.audit.rule"]._cron_maintain()
        alerts._cron_watch()
        self.assertFalse(self.mine(env, "audit") - others)
