from odoo.exceptions import AccessError
from odoo.tests.common import tagged

from .test_delivery import EngineCase

CONFIGURATION = ("system", "endpoint", "subscription")
RUNTIME = ("event", "delivery", "attempt", "dead")


@tagged("post_install", "-at_install")
class TestSecurity(EngineCase):
    """Who may see and do what, company by company."""

    def _model(self, name, user):
        return self.env[f"mfg.integration.{name}"].with_user(user)

    def _make_history(self):
        self._emit()
        self._deliver()
        self._emit()
        return self._bury()

    def test_iq_30_other_company_sees_nothing(self):
        letter = self._make_history()
        stranger = self._user("stranger", f"{self.OPERATOR}", self.other_company)
        records = {
            "system": self.system,
            "endpoint": self.endpoint,
            "subscription": self.subscription,
            "secret": self.endpoint.secret_ids,
            "event": self._deliveries().event_id,
            "delivery": self._deliveries(),
            "attempt": self._deliveries().attempt_ids,
            "dead": letter,
        }
        for name, record in records.items():
            with self.subTest(model=name):
                self.assertTrue(record)
                if name != "secret":
                    self.assertFalse(
                        self._model(name, stranger).search([("id", "in", record.ids)])
                    )
                with self.assertRaises(AccessError):
                    record.with_user(stranger).read(["display_name"])
        with self.assertRaises(AccessError):
            letter.with_user(stranger).action_replay()
        with self.assertRaises(AccessError):
            self._deliveries().with_user(stranger).action_replay()

    OPERATOR = "mfg_integration_queue.group_operator"

    def test_employee_sees_nothing(self):
        self._make_history()
        for name in (*CONFIGURATION, *RUNTIME, "interface", "worker"):
            with self.subTest(model=name), self.assertRaises(AccessError):
                self._model(name, self.employee).search([])

    def test_viewer_sees_and_changes_nothing(self):
        letter = self._make_history()
        for name in (*CONFIGURATION, *RUNTIME, "interface", "worker", "error.code"):
            self._model(name, self.viewer).search([], limit=1).read(["display_name"])
        for record, values in (
            (self.system, {"name": "Mine"}),
            (self.endpoint, {"url": "https://mine.example/"}),
            (self.interface, {"name": "Mine"}),
            (self.subscription, {"active": False}),
            (letter, {"owner_id": self.viewer.id}),
        ):
            with self.subTest(record=record), self.assertRaises(AccessError):
                record.with_user(self.viewer).write(values)

    def test_operator_does_not_configure(self):
        with self.assertRaises(AccessError):
            self.endpoint.with_user(self.operator).url = "https://mine.example/"
        with self.assertRaises(AccessError):
            self._model("system", self.operator).create({"name": "A", "code": "a"})

    def test_integrator_configures(self):
        system = self._model("system", self.integrator).create(
            {"name": "WMS", "code": "wms-one"}
        )
        self.assertEqual(system.company_id, self.company)
        endpoint = self._model("endpoint", self.integrator).create(
            {"name": "WMS", "system_id": system.id, "url": "https://wms.example/"}
        )
        self._model("subscription", self.integrator).create(
            {
                "interface_version_id": self.interface.version_ids.id,
                "endpoint_id": endpoint.id,
                "company_id": self.company.id,
            }
        )

    def test_nobody_writes_what_happened(self):
        self._make_history()
        delivery = self._deliveries()[:1]
        for record in (delivery, delivery.event_id, delivery.attempt_ids[:1]):
            for user in (
                self.operator,
                self.integrator,
                self.env.ref("base.user_admin"),
            ):
                with self.subTest(record=record, user=user.login):
                    with self.assertRaises(AccessError):
                        record.with_user(user).write({"company_id": self.company.id})
                    with self.assertRaises(AccessError):
                        record.with_user(user).unlink()
