from odoo.exceptions import AccessError, UserError
from odoo.modules.neutralize import get_neutralization_queries
from odoo.tests.common import HttpCase, tagged

from .common import GROUP, QueueCase


@tagged("post_install", "-at_install")
class TestActivation(QueueCase, HttpCase):
    """A copy of a database says nothing until somebody answers for it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.administrator = cls._user("administrator", f"{GROUP}administrator")
        cls.activations = cls.env["mfg.integration.activation"]

    def _become_a_copy(self, column="database_oid"):
        self.activations.flush_model()
        self.env.cr.execute(
            f"UPDATE mfg_integration_activation SET {column} = 'of the original'"
        )
        self.env.invalidate_all()

    def _served(self):
        endpoints = self.env["mfg.integration.endpoint"]
        return self.endpoint.id in endpoints._dispatch_settings().endpoints

    def _dialog(self, user, **values):
        return (
            self.env["mfg.integration.activate"]
            .with_user(user)
            .create({"backlog": "send", "note": "Moved to a new server", **values})
        )

    def _notice(self, user):
        user.password = user.login
        self.authenticate(user.login, user.login)
        response = self.opener.post(
            f"{self.base_url()}/mfg_integration/activation_notice",
            json={"params": {}},
            timeout=30,
        )
        return response.json()["result"].get("html", "")

    def test_iq_38_nothing_is_sent_from_a_copy(self):
        self.assertTrue(self._served())
        for column in ("system_identifier", "database_oid", "database_uuid"):
            with self.subTest(column):
                self._become_a_copy(column)
                self.assertFalse(self._served())
                self._dialog(self.administrator).action_activate()
                self.assertTrue(self._served())

    def test_iq_38_messages_of_a_copy_wait(self):
        self._emit()
        self._become_a_copy()
        self._emit()
        self.assertEqual(self._deliveries().mapped("state"), ["pending"] * 2)
        dialog = self._dialog(self.administrator)
        self.assertGreaterEqual(dialog.waiting, 2)

    def test_backlog_of_a_copy_can_be_given_up(self):
        self._emit()
        self.env.cr.flush()
        self._become_a_copy()
        self._dialog(self.administrator, backlog="cancel").action_activate()
        self.assertEqual(self._deliveries().mapped("state"), ["cancelled"])
        self._emit()
        self.assertEqual(self._deliveries().mapped("state"), ["cancelled", "pending"])

    def test_only_administrators_activate_and_it_is_kept_who(self):
        self._become_a_copy()
        with self.assertRaises(AccessError):
            self._dialog(self.integrator)
        dialog = self._dialog(self.administrator)
        with self.assertRaises(AccessError):
            dialog.with_user(self.operator).action_activate()
        self.assertFalse(self._served())
        dialog.action_activate()
        kept = self.activations.with_user(self.viewer).search([], limit=1)
        self.assertEqual(kept.user_id, self.administrator)
        self.assertEqual(kept.note, "Moved to a new server")
        self.assertEqual(kept.database_name, self.env.cr.dbname)

    def test_activations_are_neither_made_up_nor_changed(self):
        values = {**self.activations._fingerprint(), "note": "x", "user_id": 1}
        activations = self.activations.with_user(self.administrator)
        with self.assertRaises(AccessError):
            activations.create(values)
        for change in (
            lambda each: each.sudo().write({"note": "Another"}),
            lambda each: each.sudo().unlink(),
        ):
            with self.assertRaises(UserError):
                change(activations.search([], limit=1))

    def test_notice_names_the_cause_and_offers_the_button_to_administrators(self):
        self.assertFalse(self._notice(self.viewer))
        self._become_a_copy()
        self.assertIn("Nothing is sent", self._notice(self.viewer))
        self.assertNotIn("mfg_integration_activate_action", self._notice(self.viewer))
        self.assertIn(
            "mfg_integration_activate_action", self._notice(self.administrator)
        )
        self.assertFalse(self._notice(self.employee), "not their business")

    def test_neutralized_copy_is_closed(self):
        for query in get_neutralization_queries(["mfg_integration_queue"]):
            self.env.cr.execute(query)
        self.env.invalidate_all()
        self.assertFalse(self.activations._is_active())
        self.assertFalse(self._served())
