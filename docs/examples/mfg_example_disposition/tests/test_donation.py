from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.mfg_quality_hold.tests.common import HoldCase


@tagged("post_install", "-at_install")
class TestDonation(HoldCase):
    """People of one plant donate what is on hold, and only as it was signed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.school, cls.club = cls.env["res.partner"].create(
            [{"name": "School"}, {"name": "Club"}]
        )
        cls.hold = cls.world.hold(cls.lot_a)

    def propose(self, **values):
        return self.world.propose(self.hold, "donate", **values)

    def test_signed_donation_leaves_the_stock_and_the_hold(self):
        disposition = self.propose(recipient_id=self.school.id)
        self.assertStays(self.lot_a)
        self.world.sign(disposition)
        disposition.action_execute()
        self.assertEqual((disposition.state, self.hold.state), ("done", "closed"))
        move = disposition.line_ids.move_ids
        self.assertEqual((move.state, move.quantity), ("done", 10))
        self.assertEqual(move.partner_id, self.school)
        self.assertEqual(move.location_dest_id.usage, "customer")
        self.assertEqual(self.world.on_hand(self.part, self.lot_a), 0)
        self.assertEqual(self.world.on_hand(self.part, self.lot_b), 10)

    def test_donation_names_its_recipient(self):
        with self.assertRaisesRegex(UserError, "Recipient"):
            self.propose()

    def test_nobody_gets_what_was_signed_for_another(self):
        disposition = self.propose(recipient_id=self.school.id)
        self.world.sign(disposition)
        disposition.recipient_id = self.club
        with self.assertRaisesRegex(UserError, "signatures"), self.cr.savepoint():
            disposition.action_execute()
        self.assertStays(self.lot_a)

    def test_approval_matrix_knows_donations(self):
        self.env["mfg.quality.approval.rule"].create(
            {"name": "Two sign a donation", "kind": "donate", "count": 2}
        )
        disposition = self.propose(recipient_id=self.school.id)
        self.world.sign(disposition, "apr1")
        self.assertEqual(disposition.state, "proposed")
        self.world.sign(disposition, "apr2")
        self.assertEqual(disposition.state, "approved")
