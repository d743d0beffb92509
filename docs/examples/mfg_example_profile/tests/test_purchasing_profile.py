from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from odoo.addons.mfg_audit_trail.tests.common import AuditCase


@tagged("post_install", "-at_install")
class TestPurchasingProfile(AuditCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        company = cls.env["res.company"].create({"name": "Plant"})
        cls.buyer = new_test_user(
            cls.env,
            "example-buyer",
            "purchase.group_purchase_user",
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )
        cls.profile = cls.env.ref("mfg_example_profile.profile_purchasing")
        cls.order = (
            cls.env["purchase.order"]
            .with_user(cls.buyer)
            .create({"partner_id": cls.env["res.partner"].create({"name": "Mill"}).id})
        )

    def test_buyers_changes_are_captured_once_it_is_switched_on(self):
        self.order.partner_ref = "before"
        self.assertFalse(self.events("purchase_order"))
        self.profile.with_user(self.admin).action_switch_on()
        self.forget()
        self.order.partner_ref = "after"
        (event,) = self.events("purchase_order")
        self.assertEqual(event["old"]["partner_ref"], "before")
        self.assertEqual(event["new"]["partner_ref"], "after")
        rules = self.profile.rule_ids
        self.assertEqual(set(rules.mapped("retention_class")), {"accounting"})

    def test_buyer_decides_nothing_about_it(self):
        with self.assertRaises(AccessError):
            self.profile.with_user(self.buyer).action_switch_on()
