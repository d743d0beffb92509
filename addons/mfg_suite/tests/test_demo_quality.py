from odoo.tests import TransactionCase, tagged

from .test_demo_group import DemoGroup


@tagged("post_install", "-at_install")
class TestDemoQuality(DemoGroup, TransactionCase):
    """A visitor finds something to do, to decide and to look back at."""

    def hold(self, name):
        return self.env.ref(f"mfg_suite.hold_a_{name}")

    def test_holds_are_there_from_placed_to_closed(self):
        states = {
            name: self.hold(name).state
            for name in (
                "complaint",
                "boards",
                "bearings",
                "received",
                "stators",
                "housings",
            )
        }
        self.assertEqual(
            states,
            {
                "complaint": "on_hold",
                "boards": "on_hold",
                "bearings": "partly_released",
                "received": "approval",
                "stators": "approval",
                "housings": "closed",
            },
        )

    def test_nobody_approves_an_own_proposal(self):
        signatures = (
            self.hold("bearings").signature_ids | self.hold("received").signature_ids
        )
        self.assertTrue(signatures)
        self.assertEqual(signatures.user_id, self.user("quality-manager"))
        self.assertEqual(signatures.disposition_id.create_uid, self.user("quality-a"))

    def test_forgotten_hold_is_late_and_ages(self):
        boards = self.hold("boards")
        self.assertTrue(boards.is_late)
        self.assertEqual((boards.age_days, boards.age_bucket), (12, "08"))
        self.assertFalse(self.hold("complaint").is_late)

    def test_complaint_lists_the_customers_net_of_what_came_back(self):
        deliveries = self.hold("complaint").trace_ids.delivery_ids
        self.assertEqual(
            {line.partner_id.name: line.quantity for line in deliveries},
            {"Lakeside Conveyors": 4, "Great Plains Packaging": 3},
        )

    def test_bill_of_the_vendor_waits_for_the_lot_that_failed(self):
        bill = self.env["account.move"].search(
            [("partner_id", "=", self.env.ref("mfg_suite.partner_keystone").id)]
        )
        self.assertEqual(bill.state, "posted")
        self.assertTrue(bill.is_quality_blocked)
        # twenty of sixty gearboxes, and nothing of the forty that passed
        self.assertAlmostEqual(bill.quality_blocked_amount, bill.amount_total / 3)
