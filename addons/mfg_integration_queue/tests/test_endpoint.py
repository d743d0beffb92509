from datetime import timedelta

from cryptography.fernet import Fernet

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests.common import tagged

from ..engine import envelope
from .common import SECRET
from .test_delivery import EngineCase


@tagged("post_install", "-at_install")
class TestEndpoint(EngineCase):
    """Where messages go is checked when it is entered, not when a message is lost."""

    def _settings(self):
        settings = self.env["mfg.integration.endpoint"]._dispatch_settings()
        return settings.endpoints.get(self.endpoint.id)

    def test_address_must_be_complete_and_without_credentials(self):
        for url in (
            "mes.example/events",
            "ftp://mes.example/",
            "https://",
            "https://user:pw@mes.example/",
            "https://mes.example:port/",
            "https://mes.example:99999/",
            "https://[::1/",
        ):
            with (
                self.subTest(url=url),
                self.assertRefused(ValidationError, "enter a complete https://"),
            ):
                self.endpoint.url = url

    def test_plain_http_needs_a_decision_and_networks(self):
        with self.assertRefused(ValidationError, "is not encrypted"):
            self.endpoint.url = "http://mes.local/"
        with self.assertRefused(ValidationError, "Allowed Networks"):
            self.endpoint.write({"url": "http://mes.local/", "allow_http": True})
        self.endpoint.write(
            {
                "url": "http://mes.local/",
                "allow_http": True,
                "allowed_networks": "10.20.0.0/16\n192.168.1.0/24",
            }
        )
        self.assertEqual(len(self._settings().networks), 2)

    def test_network_that_is_none(self):
        with self.assertRefused(ValidationError, "“10.20.0.0/99”"):
            self.endpoint.write(
                {"allow_http": True, "allowed_networks": "10.20.0.0/99"}
            )

    def test_new_endpoint_signs_from_the_start(self):
        endpoint = self.env["mfg.integration.endpoint"].create(
            {"name": "New", "system_id": self.system.id, "url": "https://new.example/"}
        )
        self.assertEqual(endpoint.state, "running")
        self.assertEqual(len(endpoint.secret_ids), 1)

    def test_rotation_overlaps_and_shows_the_new_secret_once(self):
        before = self.endpoint.secret_ids
        action = self.endpoint.with_user(self.integrator).action_rotate_secret()
        wizard = (
            self.env[action["res_model"]]
            .with_user(self.integrator)
            .browse(action["res_id"])
        )
        shown = envelope.decode_secret(wizard.secret)
        live = [each.raw for each in self._settings().secrets]
        self.assertEqual(live[0], shown)
        self.assertIn(envelope.decode_secret(SECRET), live)
        before.valid_to = fields.Datetime.now()
        self.assertEqual([each.raw for each in self._settings().secrets], [shown])

    def test_secrets_tell_when_they_signed_last(self):
        former = self.endpoint.secret_ids[0]
        self.assertFalse(former.last_used_at)
        former.sudo().valid_from = fields.Datetime.now() - timedelta(days=2)
        called = fields.Datetime.now() - timedelta(days=1)
        self.env.cr.execute(
            """
            INSERT INTO mfg_integration_endpoint_state (endpoint_id, last_error_at)
            VALUES (%s, %s)
                ON CONFLICT (endpoint_id) DO UPDATE SET last_error_at = %s
            """,
            [self.endpoint.id, called, called],
        )
        self.endpoint.with_user(self.integrator).action_rotate_secret()
        self.env.invalidate_all()
        newer = self.endpoint.secret_ids[0]
        self.assertEqual(former.with_user(self.integrator).last_used_at, called)
        self.assertFalse(newer.last_used_at, "nothing was signed with it yet")

    def test_lost_key_file_is_survived_by_a_new_secret(self):
        other_key = Fernet(Fernet.generate_key())
        lost = other_key.encrypt(SECRET.encode()).decode()
        self.env.cr.execute(
            "UPDATE mfg_integration_secret SET token = %s WHERE endpoint_id = %s",
            [lost, self.endpoint.id],
        )
        self.env.invalidate_all()
        self.assertIsNone(self._settings(), "nothing leaves without a signature")
        self.endpoint.with_user(self.integrator).action_rotate_secret()
        self.assertEqual(len(self._settings().secrets), 1)

    def test_secret_is_encrypted_at_rest(self):
        token = self.endpoint.secret_ids.sudo()[0].token
        self.assertNotIn(SECRET.removeprefix("whsec_")[:10], token)

    def test_nobody_reads_a_secret(self):
        secret = self.endpoint.secret_ids[0]
        for user in (self.viewer, self.operator, self.integrator, self.approver):
            with self.assertRaises(AccessError):
                secret.with_user(user).read(["token"])
        with self.assertRaises(AccessError):
            self.env["mfg.integration.secret.reveal"].with_user(self.integrator).create(
                {"secret_id": secret.id}
            )

    def test_secret_that_is_too_weak(self):
        for text in ("whsec_c2hvcnQ=", "no base64 !"):
            with self.assertRefused(ValidationError, "24 to 64 random bytes"):
                self.endpoint._set_signing_secret(text)

    def test_paused_endpoint_is_not_served_and_loses_nothing(self):
        self._emit()
        endpoint = self.endpoint.with_user(self.integrator)
        endpoint.action_pause()
        self.assertEqual(endpoint.state, "paused")
        self.assertIn(self.integrator.name, endpoint.paused_reason)
        self.assertIsNone(self._settings())
        self.assertIn(
            self.endpoint,
            self.env["mfg.integration.endpoint"].search([("state", "=", "paused")]),
        )
        endpoint.action_resume()
        self.assertTrue(self._settings())
        self.assertEqual(len(self._fetch()), 1)

    def test_only_integrators_pause_and_rotate(self):
        for user in (self.viewer, self.operator, self.approver, self.employee):
            endpoint = self.endpoint.with_user(user)
            for action in ("action_pause", "action_resume", "action_rotate_secret"):
                with self.assertRaises(AccessError):
                    getattr(endpoint, action)()

    def test_endpoint_in_use_is_not_archived(self):
        with self.assertRefused(ValidationError, "still receives Note changed"):
            self.endpoint.active = False
        self.subscription.active = False
        self.endpoint.active = False

    def test_endpoint_with_messages_is_not_deleted(self):
        self._emit()
        self.env.cr.flush()
        self.subscription.unlink()
        with self.assertRefused(UserError, "1 undelivered messages"):
            self.endpoint.unlink()

    def test_partitions_change_only_when_nothing_is_on_its_way(self):
        self._emit()
        self.env.cr.flush()
        with self.assertRefused(ValidationError, "Change the partitions"):
            self.endpoint.partitions = 4
        self._deliver()
        self.endpoint.partitions = 4

    def test_retry_policy_must_make_sense(self):
        policy = self.env["mfg.integration.retry.policy"].create({"name": "Quick"})
        for values in (
            {"delays": ""},
            {"delays": "5 soon"},
            {"delays": "0"},
            {"delays": "-1 5"},
            {"max_attempts": 0},
            {"jitter_pct": 101},
        ):
            with self.subTest(values=values), self.assertRefused(ValidationError, ""):
                policy.write(values)

    def test_settings_are_what_was_configured(self):
        settings = self._settings()
        self.assertEqual(settings.plant, "mes-one")
        self.assertEqual(settings.url, "https://mes.example/events")
        self.assertTrue(
            settings.sources[self.company.id].endswith(f"/{self.company.id}")
        )
        self.assertEqual(len(settings.schedule.delays), 9)
