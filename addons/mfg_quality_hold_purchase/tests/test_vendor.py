from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from .common import PurchaseCase


@tagged("post_install", "-at_install")
class TestVendor(PurchaseCase):
    """Who talks to a vendor sees what of the vendor's goods was held."""

    def test_vendor_shows_the_holds_of_its_deliveries(self):
        bolt = self.world.product("Bolt", tracking="none")
        _order, lot = self.received()
        untracked = self.receive(self.buy((bolt, 10, 1)))
        contact = self.env["res.partner"].create(
            {"name": "Sales of the vendor", "parent_id": self.vendor.id}
        )
        vendor, self.vendor = self.vendor, self.env["res.partner"].create({"name": "W"})
        self.received(lot_name="OTHER")
        holds = self.world.hold(lot) | self.world.hold(untracked)
        self.world.hold(self.lot_a)
        # People on the floor, and approvers without any right on transfers.
        for user in ("stk", "apr1"):
            for partner in (vendor, contact):
                partner = self.as_user(partner, user)
                self.assertEqual(partner.quality_hold_count, 2)
                domain = partner.action_view_quality_holds()["domain"]
                self.assertEqual(partner.env[holds._name].search(domain), holds)
            self.assertFalse(self.as_user(self.vendor, user).quality_hold_count)
        without_rights = self.as_user(vendor, "none")
        self.assertTrue(Form(without_rights).name)
        with self.assertRaises(AccessError):
            without_rights.action_view_quality_holds()

    def test_order_says_that_something_received_is_on_hold(self):
        order, lot = self.received()
        other, _lot = self.received(lot_name="OTHER")
        hold = self.world.hold(lot)
        for user in ("buyer", "stk"):
            record = self.as_user(order, user)
            record.invalidate_recordset()
            self.assertTrue(Form(record).has_quality_hold)
            self.assertFalse(self.as_user(other, user).has_quality_hold)
        domain = self.as_user(order, "qa").action_view_quality_holds()["domain"]
        self.assertEqual(self.as_user(hold, "qa").search(domain), hold)
        with self.assertRaises(AccessError):
            self.as_user(order, "none").action_view_quality_holds()
        self.world.decide(hold, "release")
        order.invalidate_recordset()
        self.assertFalse(self.as_user(order, "buyer").has_quality_hold)
