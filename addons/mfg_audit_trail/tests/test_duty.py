from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import new_test_user, tagged

from .common import AuditCase


@tagged("post_install", "-at_install")
class TestDuty(AuditCase):
    """Who keeps bank accounts of suppliers does not pay them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.capture("res.partner.bank")
        cls.company = cls.env.company
        cls.other = cls.env["res.company"].create({"name": "Plant B"})
        cls.reviewer = new_test_user(
            cls.env,
            "audit-reviewer",
            "mfg_audit_trail.group_reviewer",
            company_ids=[Command.set((cls.company | cls.other).ids)],
        )
        cls.keepers = cls.env["res.groups"].create({"name": "Keep bank accounts"})
        cls.payers = cls.env["res.groups"].create({"name": "Pay"})
        duties = cls.env["mfg.audit.duty"].with_user(cls.admin)
        keep, pay = duties.create(
            [
                {
                    "name": "Keep accounts",
                    "group_ids": [Command.link(cls.keepers.id)],
                    "operation_ids": [
                        Command.create(
                            {
                                "model_name": "res.partner.bank",
                                "operation": "I",
                                "chain_field": "partner_id",
                            }
                        )
                    ],
                },
                {
                    "name": "Pay suppliers",
                    "group_ids": [Command.link(cls.payers.id)],
                    "operation_ids": [
                        Command.create(
                            {
                                "model_name": "res.partner",
                                "operation": "U",
                                "field_name": "ref",
                                "value": "paid",
                            }
                        ),
                        Command.create({"model_name": "no.such.app", "operation": "I"}),
                    ],
                },
            ]
        )
        cls.conflict = cls.env["mfg.audit.duty.conflict"].create(
            {"first_id": keep.id, "second_id": pay.id, "severity": "2"}
        )

    def findings(self, kind):
        finding = self.env["mfg.audit.duty.finding"].with_user(self.reviewer)
        finding = finding.with_context(
            allowed_company_ids=self.reviewer.company_ids.ids
        )
        finding.action_check()
        return finding.search(
            [("kind", "=", kind), ("conflict_id", "=", self.conflict.id)]
        )

    def test_at_37_could_per_company_and_mitigation(self):
        self.clerk.write(
            {"groups_id": [Command.link(self.keepers.id), Command.link(self.payers.id)]}
        )
        found = self.findings("could")
        self.assertEqual(
            [(each.user_id, each.company_id) for each in found],
            [(self.clerk, self.company)],
        )
        self.clerk.write({"company_ids": [Command.link(self.other.id)]})
        self.assertEqual(self.findings("could").company_id, self.company | self.other)

        mitigations = self.env["mfg.audit.duty.mitigation"]
        tomorrow = fields.Date.today() + timedelta(days=1)
        values = {
            "conflict_id": self.conflict.id,
            "user_id": self.clerk.id,
            "company_id": self.company.id,
            "measure": "The manager signs every payment",
            "valid_until": tomorrow,
        }
        with self.assertRaises(AccessError):
            mitigations.with_user(self.admin).create(values)
        with self.assertRaises(ValidationError):
            mitigations.with_user(self.reviewer).create(
                {**values, "user_id": self.reviewer.id}
            )
        mitigation = mitigations.with_user(self.reviewer).create(
            {**values, "approved_by_id": self.admin.id}
        )
        self.assertEqual(mitigation.approved_by_id, self.reviewer)
        dates = {
            each.company_id: each.mitigated_until for each in self.findings("could")
        }
        self.assertEqual(dates, {self.company: tomorrow, self.other: False})
        mitigation.valid_until = fields.Date.today() - timedelta(days=1)
        expired = self.findings("could").filtered("mitigated_until")
        self.assertLess(expired.mitigated_until, fields.Date.today())

        self.clerk.write({"groups_id": [Command.unlink(self.payers.id)]})
        self.assertFalse(self.findings("could"))

    def test_at_37_did_on_one_chain(self):
        supplier, stranger = self.partners.create([{"name": "Steel"}, {"name": "Wood"}])
        self.env["res.partner.bank"].with_user(self.clerk).sudo().create(
            {"partner_id": supplier.id, "acc_number": "ACC-1"}
        )
        # Odoo names as writer whoever sends the change to the database.
        self.partners.env.flush_all()
        stranger.ref = "paid"
        self.partners.env.flush_all()
        self.assertFalse(self.findings("did"), "two suppliers are two chains")
        supplier.ref = "open"
        self.partners.env.flush_all()
        self.assertFalse(self.findings("did"), "another value is another operation")
        supplier.ref = "paid"
        self.partners.env.flush_all()

        finding = self.findings("did")
        # All of a test is one transaction: of whoever changed something first.
        self.env.cr.execute(
            "SELECT login_uid FROM mfg_audit.tx "
            "WHERE xid = pg_current_xact_id()::text::bigint"
        )
        (login,) = self.env.cr.fetchone()
        self.assertEqual(finding.user_id.id, login if login > 1 else self.clerk.id)
        self.assertEqual(finding.document_count, 2)
        self.assertIn("Steel", finding.documents)
        self.assertTrue(finding.last_at)
        with self.assertRaises(AccessError):
            finding.unlink()

    def test_duties_name_what_exists(self):
        operations = self.env["mfg.audit.duty.operation"].with_user(self.admin)
        line = {"duty_id": self.conflict.first_id.id, "operation": "I"}
        for wrong in (
            {"model_name": "res.partner", "field_name": "no_such_field"},
            {"model_name": "res.partner", "chain_field": "name"},
            {"model_name": "res.partner", "value": "x"},
        ):
            with self.assertRaises(ValidationError):
                operations.create({**line, **wrong})
        with self.assertRaises(AccessError):
            operations.with_user(self.reviewer).create(
                {**line, "model_name": "res.partner"}
            )
        with self.assertRaises(AccessError):
            self.env["mfg.audit.duty.finding"].with_user(self.clerk).action_check()
