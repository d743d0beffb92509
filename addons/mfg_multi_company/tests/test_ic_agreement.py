from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged

from .ic_common import IntercompanyCase


@tagged("post_install", "-at_install")
class TestAgreement(IntercompanyCase):
    """What two companies agree on, before anything is carried over."""

    def test_mc_19_each_side_approves_by_an_own_second_person(self):
        agreement = self.draft_agreement()
        agreement.action_propose()
        with self.assertRaisesRegex(AccessError, "needs the right Group Approval"):
            self.as_user(agreement, "seller").action_approve()
        self.as_user(agreement, "apr_b").action_approve()
        self.assertEqual(agreement.state, "proposed")
        self.as_user(agreement, "apr1").action_approve()
        self.assertEqual(agreement.state, "active")
        self.assertEqual(agreement.buyer_approved_by_id, self.world.users["apr1"])

    def test_mc_19_one_person_with_two_companies_does_not_approve_both_sides(self):
        agreement = self.draft_agreement()
        agreement.action_propose()
        self.world.users["apr1"].company_ids |= self.world.companies["b"]
        both = self.as_user(agreement, "apr1")
        both.action_approve()
        with self.assertRaisesRegex(AccessError, "another person"):
            both.action_approve()

    def test_what_is_missing_is_said_in_words(self):
        agreement = self.draft_agreement()
        side = agreement.side_ids
        self.assertEqual(side.company_id, self.world.companies["a"], "own side only")
        side.service_user_id = False
        self.assertIn("Group A: fill in Service User", agreement.missing)
        with self.assertRaisesRegex(ValidationError, "Group A: fill in Service User"):
            agreement.action_propose()
