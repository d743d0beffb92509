from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests.common import tagged

from .common import CARD, QueueCase

SCHEMA = (
    '{"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}'
)


@tagged("post_install", "-at_install")
class TestContract(QueueCase):
    """Nothing is sent under a contract that nobody but its author has seen."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.interface.write({**CARD, "owner_id": cls.integrator.id})

    def _draft(self, **values):
        return (
            self.env["mfg.integration.interface.version"]
            .with_user(self.integrator)
            .create(
                {
                    "interface_id": self.interface.id,
                    "major": 2,
                    "schema": SCHEMA,
                    "example": '{"n": 1}',
                    "impact_assessment": "Nobody reads it yet.",
                    **values,
                }
            )
        )

    def test_draft_review_approval(self):
        version = self._draft()
        self.assertEqual(version.state, "draft")
        version.action_submit()
        version.with_user(self.approver).action_approve()
        self.assertEqual(version.state, "approved")
        self.assertEqual(version.approver_id, self.approver)
        self.assertEqual(self.interface.current_version_id, version)

    def _asked(self, version):
        return version.sudo().activity_ids.mapped("user_id")

    def test_those_who_may_approve_are_asked(self):
        approvers = self.env.ref("mfg_integration_queue.group_approver")
        self.integrator.groups_id |= approvers
        foreign = self._user(
            "foreign_approver",
            "mfg_integration_queue.group_approver",
            self.other_company,
        )
        self.interface.company_id = self.company
        version = self._draft()
        version.action_submit()
        self.assertIn(self.approver, self._asked(version))
        self.assertNotIn(self.integrator, self._asked(version), "the author")
        self.assertNotIn(foreign, self._asked(version))
        own = version.with_user(self.approver).activity_ids.filtered(
            lambda activity: activity.user_id == self.approver
        )
        self.assertEqual(own.summary, "Approve the contract or send it back")
        version.with_user(self.approver).action_approve()
        self.assertFalse(self._asked(version), "nobody else has to decide any more")

    def test_author_is_told_that_a_contract_came_back(self):
        version = self._draft()
        version.action_submit()
        version.with_user(self.approver).action_back_to_draft()
        self.assertEqual(self._asked(version), self.integrator)
        version.action_submit()
        self.assertNotIn(self.integrator, self._asked(version))
        self.assertIn(self.approver, self._asked(version))

    def test_author_who_takes_a_contract_back_needs_no_reminder(self):
        version = self._draft()
        version.action_submit()
        version.action_back_to_draft()
        self.assertFalse(self._asked(version))

    def test_iq_30_author_does_not_approve(self):
        self.integrator.groups_id |= self.env.ref(
            "mfg_integration_queue.group_approver"
        )
        version = self._draft()
        version.action_submit()
        with self.assertRefused(UserError, "somebody else has to approve"):
            version.action_approve()

    def test_approval_needs_the_approvers_rights(self):
        version = self._draft()
        version.action_submit()
        with self.assertRefused(UserError, "Only integration approvers"):
            version.with_user(self.env.ref("base.user_admin")).action_approve()
        with self.assertRaises(AccessError):
            version.with_user(self.operator).action_submit()

    def test_iq_30_context_makes_no_approved_version(self):
        version = (
            self.env["mfg.integration.interface.version"]
            .with_user(self.integrator)
            .with_context(
                default_state="approved",
                default_author_id=self.operator.id,
                default_approver_id=self.approver.id,
            )
            .create({"interface_id": self.interface.id, "major": 9})
        )
        self.assertEqual(version.state, "draft")
        self.assertEqual(version.author_id, self.integrator)
        self.assertFalse(version.approver_id)

    def test_state_is_not_written_by_hand(self):
        version = self._draft()
        for values in (
            {"state": "approved"},
            {"author_id": self.operator.id},
            {"approver_id": self.approver.id},
        ):
            with self.assertRefused(UserError, "Use the buttons"):
                version.write(values)
        with self.assertRefused(UserError, "new version is a draft"):
            self._draft(major=3, state="approved")
        with self.assertRefused(UserError, "author"):
            self._draft(major=4, author_id=self.operator.id)

    def test_approved_contract_does_not_change(self):
        version = self._draft()
        version.action_submit()
        version.with_user(self.approver).action_approve()
        for values in ({"schema": "{}"}, {"example": '{"n": 2}'}, {"major": 9}):
            with self.assertRefused(UserError, "is approved and cannot be changed"):
                version.write(values)
        with self.assertRefused(UserError, "Only drafts can be deleted"):
            version.unlink()

    def test_review_is_approved_as_it_was_submitted(self):
        version = self._draft()
        version.action_submit()
        with self.assertRefused(UserError, "is in review and cannot be changed"):
            version.schema = "{}"
        version.action_back_to_draft()
        version.changelog = "Smaller."

    def test_example_must_fit_the_schema(self):
        with self.assertRefused(ValidationError, "does not fit its schema.*integer"):
            self._draft(example='{"n": "one"}')

    def test_schema_must_be_one(self):
        with self.assertRefused(ValidationError, "is not a JSON Schema"):
            self._draft(schema='{"type": "number of pieces"}')
        with self.assertRefused(ValidationError, "Schema of .* is not JSON"):
            self._draft(schema="{type: object}")

    def test_subscription_needs_an_approved_contract(self):
        with self.assertRefused(ValidationError, "is not approved"):
            self.subscription.interface_version_id = self._draft()

    def test_subscription_needs_an_outbound_interface(self):
        inbound = self._interface("note.received", "Received", direction="inbound")
        with self.assertRefused(ValidationError, "is inbound"):
            self._subscribe(inbound, self.endpoint, self.company)

    def test_subscription_for_a_company_the_interface_does_not_serve(self):
        self.interface.company_id = self.company
        with self.assertRefused(ValidationError, "serves Plant One only"):
            self._subscribe(self.interface, self._endpoint("B"), self.other_company)

    def test_codes_are_readable_by_machines(self):
        for code in ("Note.Changed", "note", "note changed", "note..changed", ".note"):
            with self.subTest(code=code), self.assertRefused(ValidationError, ""):
                self.interface.code = code
        with self.assertRaises(ValidationError):
            self.system.code = "MES One"

    def test_used_interface_is_not_deleted(self):
        self._emit()
        self.env.cr.flush()
        self.subscription.unlink()
        with self.assertRefused(UserError, "Archive it instead"):
            self.interface.unlink()
