from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests.common import Form, tagged

from .common import GROUP
from .inbound_common import SIGNING_SECRET, InboundCase


@tagged("post_install", "-at_install")
class TestInboundSecurity(InboundCase):
    """Who may see messages of others, and who may give out keys."""

    def _new_key(self, user, **values):
        wizard = (
            self.env["mfg.integration.credential.create"]
            .with_user(user)
            .create(
                {
                    "system_id": self.system.id,
                    "name": "WMS bridge",
                    "interface_ids": [(6, 0, self.note.ids)],
                    **values,
                }
            )
        )
        return wizard.action_create()

    def test_iq_30_other_company_sees_nothing(self):
        self._take_in({"text": " "})
        message = self._process_due()
        stranger = self._user("stranger", f"{GROUP}integrator", self.other_company)
        for record in (message, message.exception_id, self.credential):
            with self.subTest(record._name):
                self.assertTrue(record)
                mine = record.with_user(stranger)
                self.assertFalse(mine.search([("id", "=", record.id)]))
                with self.assertRaises(AccessError):
                    mine.read(["display_name"])
        with self.assertRaises(AccessError):
            message.with_user(stranger).mapped("body")
        exception = message.exception_id.with_user(stranger)
        for decide in (exception.action_resubmit, exception.action_cancel):
            with self.assertRaises(AccessError):
                decide()
        credential = self.credential.with_user(stranger)
        for decide in (
            credential.action_revoke,
            credential.action_rotate,
            credential.action_new_signing_secret,
        ):
            with self.assertRaises(AccessError):
                decide()
        with self.assertRaises(AccessError):
            self._new_key(stranger)

    def test_employee_and_service_user_see_nothing(self):
        self._take_in()
        for user in (self.employee, self.service_user):
            for name in ("inbox", "inbox.exception", "credential"):
                with self.subTest(name), self.assertRaises(AccessError):
                    self.env[f"mfg.integration.{name}"].with_user(user).search([])

    def test_nobody_writes_what_came_in(self):
        self._take_in({"text": " "})
        message = self._process_due()
        admin = self.env.ref("base.user_admin")
        for user in (self.operator, self.integrator, admin):
            with self.assertRaises(AccessError):
                message.with_user(user).write({"type": "other"})
            with self.assertRaises(AccessError):
                message.exception_id.with_user(user).unlink()
            with self.assertRaises(AccessError):
                message.exception_id.with_user(user).create({})
        exception = message.exception_id.with_user(self.operator)
        for values in ({"state": "cancelled"}, {"error": "x"}, {"inbox_ref": 1}):
            with self.assertRefused(UserError, "Use the buttons"):
                exception.write(values)

    def test_keys_are_for_integrators(self):
        for user in (self.viewer, self.operator, self.approver):
            with self.subTest(user.login), self.assertRaises(AccessError):
                self.credential.with_user(user).read(["name"])
            with self.subTest(user.login), self.assertRaises(AccessError):
                self._new_key(user)

    def test_key_is_shown_once_and_stored_nowhere(self):
        action = self._new_key(self.integrator)
        text = action["context"]["default_secret"]
        self.assertTrue(text.startswith("mfgk_"))
        credential = self.env["mfg.integration.credential"].browse(
            action["context"]["default_credential_id"]
        )
        self.assertIn(credential.prefix, text)
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT c::text FROM mfg_integration_credential c WHERE id = %s",
            [credential.id],
        )
        self.assertNotIn(text[22:], self.env.cr.fetchone()[0])
        reveal = self.env["mfg.integration.credential.reveal"]
        self.assertFalse(reveal._fields["secret"].store)
        self.assertNotIn(text[22:], str(credential.message_ids.mapped("body")))
        with Form(
            reveal.with_user(self.integrator).with_context(**action["context"])
        ) as form:
            self.assertEqual(form.secret, text)

    def test_key_hash_and_secret_are_hidden_from_integrators(self):
        self.credential._set_signing_secret(SIGNING_SECRET)
        credential = self.credential.with_user(self.integrator)
        for name in ("key_hash", "signing_token", "former_signing_token"):
            with self.subTest(name), self.assertRaises(AccessError):
                credential.read([name])
        self.assertNotIn("whsec", self.credential.sudo().signing_token)

    def test_nobody_chooses_a_key(self):
        credential = self.credential.with_user(self.integrator)
        for values in (
            {"prefix": "0" * 16},
            {"key_hash": "0" * 64},
            {"revoked_at": False},
            {"system_id": self.system.id},
        ):
            with self.subTest(values), self.assertRefused(UserError, "buttons"):
                credential.write(values)
        with self.assertRaises(AccessError):
            credential.create({"name": "x", "system_id": self.system.id})
        with self.assertRefused(UserError, "cannot be copied"):
            credential.copy()

    def test_system_needs_a_service_user_of_its_own(self):
        for user in (False, self.env.ref("base.user_root").id):
            # written past the check of companies, as an import might
            self.env.flush_all()
            self.env.cr.execute(
                "UPDATE mfg_integration_system SET user_id = %s WHERE id = %s",
                [user or None, self.system.id],
            )
            self.env.invalidate_all()
            with self.assertRefused(ValidationError, "service user of its own"):
                self._new_key(self.integrator)

    def test_service_user_is_no_administrator(self):
        service = self.system.user_id
        with self.assertRefused(ValidationError, "administers Odoo"):
            self.system.with_user(self.integrator).user_id = self.env.ref(
                "base.user_admin"
            )
        self.assertEqual(self.system.user_id, service)
        service.groups_id += self.env.ref("base.group_erp_manager")
        with self.assertRefused(ValidationError, "administers Odoo"):
            self._new_key(self.integrator)

    def test_network_that_is_none(self):
        with self.assertRefused(ValidationError, "10.20.0.0/16"):
            self.credential.allowed_networks = "office"

    def test_used_key_is_revoked_not_deleted(self):
        self.env.cr.execute(
            "INSERT INTO mfg_integration_credential_state (credential_id, last_used_at) "
            "VALUES (%s, now())",
            [self.credential.id],
        )
        self.env.invalidate_all()
        credential = self.credential.with_user(self.integrator)
        with self.assertRefused(UserError, "Revoke it instead"):
            credential.unlink()
        credential.action_revoke()
        self.assertEqual(credential.state, "revoked")
        self.assertEqual(credential.revoked_by_id, self.integrator)
        with self.assertRefused(UserError, "is revoked"):
            credential.action_rotate()

    def test_interface_of_another_company_is_refused(self):
        foreign = self._interface(
            "foreign.note",
            "Foreign",
            direction="inbound",
            company_id=self.other_company.id,
        )
        with self.assertRefused(ValidationError, "Plant Two"):
            self.credential.interface_ids += foreign
