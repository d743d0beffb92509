import sys
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests.common import HttpCase, tagged

from .test_alert import WatchCase

PATH = "/mfg_integration/metrics"


@tagged("post_install", "-at_install")
class TestMetrics(WatchCase, HttpCase):
    """A Prometheus server reads how the interfaces do, with a token only."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.administrator = cls._user(
            "administrator", "mfg_integration_queue.group_administrator"
        )
        metrics = cls.env["mfg.integration.metrics"]
        shown = metrics.with_user(cls.administrator).create_token()
        cls.token = shown["params"]["message"]

    def _get(self, token=None):
        self.env.cr.flush()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.opener.get(self.base_url() + PATH, headers=headers, timeout=30)

    def _samples(self):
        """Return (name, labels) → value of what a Prometheus server would read."""
        from prometheus_client.parser import text_string_to_metric_families

        response = self._get(self.token)
        self.assertEqual(response.status_code, 200, response.text[:500])
        return {
            (
                sample.name.removeprefix("mfg_integration_"),
                frozenset(sample.labels.items()),
            ): sample.value
            for family in text_string_to_metric_families(response.text)
            for sample in family.samples
        }

    def _of_interface(self, **labels):
        return frozenset(
            {
                "interface": "note.changed",
                "system": "mes-one",
                "direction": "outbound",
                **labels,
            }.items()
        )

    def test_only_with_the_token(self):
        for token in (None, "", "wrong", "mfgmet_" + "x" * 43):
            response = self._get(token)
            self.assertEqual(response.status_code, 401)
            self.assertEqual(response.json()["code"], "MET-401")
            self.assertEqual(
                response.headers["Content-Type"], "application/problem+json"
            )

    def test_new_token_replaces_the_former(self):
        self.env["mfg.integration.metrics"].with_user(self.administrator).create_token()
        self.assertEqual(self._get(self.token).status_code, 401)

    def test_only_administrators_give_out_the_token(self):
        for user in (self.viewer, self.operator, self.integrator):
            with self.assertRaises(AccessError):
                self.env["mfg.integration.metrics"].with_user(user).create_token()

    def test_token_is_kept_as_hash_only(self):
        kept = self.env["ir.config_parameter"].search([]).mapped("value")
        self.assertFalse([value for value in kept if self.token in (value or "")])

    def test_without_the_library_the_answer_says_so(self):
        with patch.dict(sys.modules, {"prometheus_client": None}):
            response = self._get(self.token)
        self.assertEqual(response.status_code, 501)
        self.assertIn("prometheus_client", response.json()["detail"])

    def test_figures_are_those_of_the_messages(self):
        backlog = frozenset(
            {"direction": "outbound", "class": "near_real_time"}.items()
        )
        before = self._samples()
        for number in range(3):
            self._emit(payload={"n": number}, key=f"lane-{number}")
        self._fail(delay=0)
        self._deliver()
        self._emit()
        self._bury()
        self._emit()
        self._pass(16)
        after = self._samples()
        self.assertEqual(
            after["backlog", backlog] - before.get(("backlog", backlog), 0), 1
        )
        self.assertGreaterEqual(after["oldest_seconds", backlog], 16 * 60)
        self.assertGreaterEqual(after["late", backlog], 1)
        self.assertEqual(after["messages_total", self._of_interface(outcome="done")], 3)
        self.assertEqual(after["messages_total", self._of_interface(outcome="dead")], 1)
        self.assertEqual(after["attempts_total", self._of_interface(result="ok")], 3)
        self.assertEqual(
            after["attempts_total", self._of_interface(result="failed")], 4
        )
        self.assertEqual(after["retries_total", self._of_interface()], 3)
        self.assertEqual(after["latency_seconds_count", self._of_interface()], 3)
        self.assertEqual(
            after["latency_seconds_bucket", self._of_interface(le="+Inf")], 3
        )
        state = {
            "system": "mes-one",
            "endpoint": str(self.endpoint.id),
            "name": "MES events",
        }
        self.assertEqual(
            after["endpoint_state", frozenset({**state, "state": "closed"}.items())], 1
        )

    def test_paused_endpoint_is_seen(self):
        self.endpoint._set_paused(fields.Datetime.now(), "Maintenance")
        state = {
            "system": "mes-one",
            "endpoint": str(self.endpoint.id),
            "name": "MES events",
        }
        samples = self._samples()
        for name, value in (("paused", 1), ("closed", 0)):
            key = frozenset({**state, "state": name}.items())
            self.assertEqual(samples["endpoint_state", key], value)
