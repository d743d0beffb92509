from odoo.tests import TransactionCase, tagged

from .test_demo_group import DemoGroup


@tagged("post_install", "-at_install")
class TestDemoDealings(DemoGroup, TransactionCase):
    """Controller, steward and approver find dealings in every state."""

    def seen_by(self, login, name):
        """A record of the demo group, as a user sees it who ticks all companies."""
        user = self.user(login)
        context = {"allowed_company_ids": user.company_ids.ids}
        return self.env.ref(f"mfg_suite.{name}").with_env(
            self.env(user=user, context=context)
        )

    def test_settled_deal_has_equal_books(self):
        order = self.seen_by("controller", "purchase_a_settled")
        flow = order.sudo().mfg_ic_flow_id
        balance = self.seen_by("controller", "agreement_b_a").env["mfg.ic.balance"]
        rows = balance.search([])
        self.assertEqual(rows.seller_company_id, self.company("plant_b"))
        self.assertEqual(sum(rows.mapped("difference")), 0)
        # 30 housings at a cost of 18.70 plus 8 %, as both sides booked them
        bill = order.sudo().invoice_ids
        self.assertEqual((bill.state, bill.amount_untaxed), ("posted", 606.0))
        self.assertFalse(flow.exception_ids.filtered(lambda one: one.state == "open"))

    def test_goods_of_another_deal_are_on_their_way(self):
        order = self.env.ref("mfg_suite.purchase_a_under_way")
        self.assertEqual(order.picking_ids.state, "assigned")
        place = self.env["stock.location"]._mfg_ic_transit(
            self.company("plant_b"), self.company("plant_a")
        )
        quants = self.env["stock.quant"].search([("location_id", "=", place.id)])
        self.assertEqual(sum(quants.mapped("quantity")), 20)

    def test_stuck_deal_goes_on_once_the_steward_approves_the_code(self):
        order = self.seen_by("controller", "purchase_a_stuck")
        found = order.env["mfg.ic.exception"].search([("state", "=", "open")])
        self.assertEqual(found.mapped("kind"), ["mapping"])
        self.seen_by("steward", "xref_cover_a").action_approve()
        found.action_retry()
        self.assertEqual(found.state, "resolved")
        self.assertTrue(order.sudo().mfg_ic_flow_id._sale())

    def test_somebody_else_has_something_to_decide(self):
        waiting = {
            "assignment_buyer_a": "requested",
            "agreement_c_a": "proposed",
            "change_request_housing": "submitted",
            "xref_cover_a": "proposed",
        }
        for name, state in waiting.items():
            self.assertEqual(self.env.ref(f"mfg_suite.{name}").state, state, name)
        order = self.seen_by("supervisor-c", "production_c_9")
        self.assertEqual(order.mfg_release_state, "requested")
        order.action_mfg_release()
        order.invalidate_recordset()
        self.assertEqual(order.mfg_release_state, "approved")
