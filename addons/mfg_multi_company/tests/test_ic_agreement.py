from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .ic_common import IntercompanyCase


@tagged("post_install", "-at_install")
class TestAgreement(IntercompanyCase):
    """What two companies agree on, before anything is carried over."""

    def users(self, *names):
        return self.env["res.users"].union(*(self.world.users[name] for name in names))

    def test_mc_19_each_side_approves_by_an_own_second_person(self):
        agreement = self.draft_agreement()
        agreement.action_propose()
        asked = agreement.sudo().activity_ids.user_id
        self.assertLessEqual(self.users("apr1", "apr2", "apr_b"), asked)
        with self.assertRaisesRegex(AccessError, "needs the right Group Approval"):
            self.as_user(agreement, "seller").action_approve()
        self.as_user(agreement, "apr_b").action_approve()
        self.assertEqual(agreement.state, "proposed")
        asked = agreement.sudo().activity_ids.user_id
        self.assertLessEqual(self.users("apr1", "apr2"), asked)
        self.assertNotIn(self.users("apr_b"), asked, "has answered")
        self.as_user(agreement, "apr1").action_approve()
        self.assertFalse(agreement.sudo().activity_ids)
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

    def test_companies_and_periods_are_checked_in_words(self):
        companies = self.world.companies
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaisesRegex(IntegrityError, "two_companies"),
            self.env.cr.savepoint(),
        ):
            self.draft_agreement(seller="a", buyer="a")
        branch = self.env["res.company"].create(
            {"name": "Branch", "parent_id": companies["a"].id}
        )
        with self.assertRaisesRegex(ValidationError, "one legal entity"):
            self.env["mfg.ic.agreement"].create(
                {
                    "seller_company_id": branch.id,
                    "buyer_company_id": companies["a"].id,
                }
            )
        first = self.agreement(date_to="2026-06-30")
        with self.assertRaisesRegex(ValidationError, f"{first.name} covers the same"):
            self.draft_agreement(date_from="2026-06-30")
        self.draft_agreement(date_from="2026-07-01")
        with self.assertRaisesRegex(ValidationError, "companies you work in"):
            self.draft_agreement(seller="b", buyer="c")

    def test_what_both_sides_approved_stays(self):
        agreement = self.agreement()
        with self.assertRaisesRegex(UserError, "Tolerance.*cannot change any more"):
            agreement.tolerance_total = 1000
        with self.assertRaisesRegex(AccessError, "buttons only"):
            agreement.write({"state": "draft"})
        lookup = self.env["mfg.ic.agreement"]._mfg_ic_lookup
        pair = self.world.companies["b"], self.world.companies["a"]
        day = fields.Date.to_date("2026-03-01")
        self.assertEqual(lookup(*pair, day), agreement)
        self.assertFalse(lookup(pair[1], pair[0], day), "the other direction")
        self.assertFalse(lookup(*pair, fields.Date.to_date("2019-12-31")))

    def test_calendar_brings_into_force_and_ends(self):
        today = fields.Date.today()
        later = fields.Date.add(today, days=10)
        agreement = self.agreement(date_from=later)
        self.assertEqual(agreement.state, "approved")
        agreement.sudo()._transit(date_from=today)
        self.env["mfg.ic.agreement"]._cron_follow_dates()
        self.assertEqual(agreement.state, "active")
        agreement.sudo()._transit(
            date_from=fields.Date.subtract(today, days=9),
            date_to=fields.Date.subtract(today, days=1),
        )
        self.env["mfg.ic.agreement"]._cron_follow_dates()
        self.assertEqual(agreement.state, "expired")

    def test_other_mirrors_are_refused(self):
        active = self.agreement()
        self.env["ir.module.module"].create(
            {"name": "account_invoice_inter_company", "state": "installed"}
        )
        self.env.registry.clear_cache()
        with self.assertRaisesRegex(
            UserError, "account_invoice_inter_company.*Uninstall"
        ):
            self.draft_agreement(seller="a", buyer="b").action_propose()
        invoice = self.invoice((self.item(), 1, 100))
        invoice.action_post()
        self.assertEqual(invoice.state, "posted")
        self.assertFalse(self.bill_of(invoice))
        self.assertEqual(self.exceptions().kind, "duplicate")
        self.assertEqual(self.exceptions().agreement_id, active)

    def test_others_pay_one_look(self):
        """Documents of others: no query more than without the module's agreements."""
        self.agreement()
        customer = self.env["res.partner"].create({"name": "Customer"})
        env = self.world.env_of("seller")
        agreements = env["mfg.ic.agreement"]
        agreements._mfg_ic_company(customer)  # fills the cache
        customer.invalidate_recordset()
        self.assertTrue(customer.with_env(env).commercial_partner_id)  # in the cache
        with self.assertQueryCount(0):
            self.assertFalse(agreements._mfg_ic_company(customer.with_env(env)))
