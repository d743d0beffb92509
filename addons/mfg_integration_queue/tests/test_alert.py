from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests.common import tagged

from .inbound_common import InboundCase
from .test_delivery import EngineCase


class WatchCase(EngineCase):
    """The watch over the service levels, with time that passes when a test says so."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.interface.write(
            {
                "sla_max_age_minutes": 15,
                "sla_recovery_minutes": 60,
                "owner_id": cls.integrator.id,
                "escalation_user_id": cls.approver.id,
            }
        )
        # What waits in a demo group is none of these tests' business.
        cls.env.cr.execute("DELETE FROM mfg_integration_delivery")

    def _watch(self):
        self.env["mfg.integration.alert"]._cron_watch()
        self.env.flush_all()
        return self._alerts()

    def _alerts(self):
        self.env.invalidate_all()
        return self.env["mfg.integration.alert"].search(
            [("company_id", "=", self.company.id)], order="id"
        )

    def _pass(self, minutes):
        """Let time pass for what waits and for what was noticed."""
        self.env.cr.flush()
        for statement in (
            "UPDATE mfg_integration_delivery SET due_at = due_at - %(t)s, "
            "created_at = created_at - %(t)s, next_at = next_at - %(t)s",
            "UPDATE mfg_integration_alert SET escalate_at = escalate_at - %(t)s",
            "UPDATE mfg_integration_dead SET create_date = create_date - %(t)s",
        ):
            self.env.cr.execute(statement, {"t": timedelta(minutes=minutes)})
        self.env.invalidate_all()

    def assertTold(self, alert, *users):
        """Expect one activity for each of ``users`` and none besides."""
        self.assertEqual(
            sorted(alert.activity_ids.user_id.mapped("login")),
            sorted(user.login for user in users),
        )
        self.assertEqual(len(alert.activity_ids), len(users))


@tagged("post_install", "-at_install")
class TestAlert(WatchCase):
    """Whoever answers for an interface is told once that it does not keep its word."""

    def test_iq_33_breach_on_200_messages_tells_once_and_escalates_once(self):
        for number in range(200):
            self._emit(payload={"n": number}, key=f"lane-{number % 20}")
        self.assertFalse(self._watch(), "they are not due yet")
        self._pass(16)
        alert = self._watch()
        self.assertEqual((alert.kind, alert.messages), ("late", 200))
        self.assertEqual(alert.owner_id, self.operator)
        self.assertTold(alert, self.operator)
        self.assertEqual(self._watch(), alert)
        self.assertTold(alert, self.operator)
        self._pass(61)
        self.assertEqual(self._watch(), alert)
        self.assertEqual(alert.state, "escalated")
        self.assertEqual(alert.escalated_to_id, self.approver)
        self.assertTold(alert, self.operator, self.approver)
        before = alert.read()
        self.assertEqual(self._watch(), alert)
        self.assertEqual(alert.read(), before, "a second run changes nothing")
        self.assertTold(alert, self.operator, self.approver)

    def test_alert_closes_when_the_messages_are_through(self):
        self._emit()
        self._pass(16)
        alert = self._watch()
        self._deliver()
        self._watch()
        self.assertEqual(alert.state, "closed")
        self.assertTrue(alert.closed_at)
        self.assertFalse(alert.activity_ids)
        self._emit()
        self._pass(16)
        self.assertEqual(len(self._watch()), 2, "another time is another alert")

    def test_message_bears_its_due_time_to_the_log(self):
        self._emit()
        waiting = self._deliveries()
        allowed = waiting.due_at - waiting.created_at
        self.assertAlmostEqual(allowed.total_seconds(), 15 * 60, delta=2)
        due_at = waiting.due_at
        self.assertEqual(self._deliver().due_at, due_at)

    def test_slow_hour_is_told_once(self):
        self.interface.sla_p95_seconds = 30
        for number in range(20):
            self._emit(payload={"n": number}, key=f"lane-{number}")
        self._pass(1)
        self._deliver()
        alert = self._watch()
        self.assertEqual((alert.kind, alert.messages), ("slow", 20))
        self._watch()
        self.assertTold(alert, self.operator)
        self.interface.sla_p95_seconds = 300
        self._watch()
        self.assertEqual(alert.state, "closed")

    def test_no_agreed_time_no_alert(self):
        self.interface.sla_max_age_minutes = 0
        self._emit()
        self._pass(100000)
        self.assertFalse(self._deliveries().due_at)
        self.assertNotIn("late", self._watch().mapped("kind"))

    def test_undecided_letters_are_escalated(self):
        for number in range(3):
            self._emit(payload={"n": number})
        self._bury()
        self.assertFalse(self._watch())
        self._pass(61)
        alert = self._watch()
        self.assertEqual((alert.kind, alert.messages), ("undecided", 3))
        self.assertTold(alert, self.operator, self.approver)
        self._watch()
        self.assertTold(alert, self.operator, self.approver)

    def test_companies_have_their_own_alerts(self):
        endpoint = self._endpoint("MES two")
        self._subscribe(self.interface, endpoint, self.other_company)
        keeper = self._user(
            "operator", "mfg_integration_queue.group_operator", self.other_company
        )
        self.interface.owner_id = keeper
        self._emit()
        self._emit(record=self._record("Valve", self.other_company))
        self._pass(16)
        self._watch()
        alerts = self.env["mfg.integration.alert"].search(
            [("interface_id", "=", self.interface.id)]
        )
        self.assertEqual(len(alerts), 2)
        theirs = alerts.filtered(lambda each: each.company_id == self.other_company)
        self.assertEqual(theirs.owner_id, keeper, "the first who may see that company")
        with self.assertRaises(AccessError):
            theirs.with_user(self.operator).read(["name"])

    def test_owner_without_rights_is_passed_over(self):
        self.interface.exception_owner_id = self.employee
        self._emit()
        self._pass(16)
        self.assertTold(self._watch(), self.integrator)

    def test_people_do_not_write_alerts(self):
        self._emit()
        self._pass(16)
        alert = self._watch()
        for user in (self.viewer, self.operator, self.integrator):
            with self.assertRaises(UserError):
                alert.with_user(user).write({"state": "closed"})

    def test_alert_opens_its_messages(self):
        self._emit()
        self._pass(16)
        action = self._watch().with_user(self.viewer).action_open_messages()
        found = (
            self.env[action["res_model"]]
            .with_user(self.viewer)
            .search(action["domain"])
        )
        self.assertEqual(found, self._deliveries())

    def test_nobody_delivers(self):
        self.interface.sla_max_age_minutes = 0
        self._emit()
        alerts = self.env["mfg.integration.alert"]
        self.assertNotIn("unserved", [row["kind"] for row in alerts._find()])
        self._pass(6)
        alerts._cron_watch()
        alerts._cron_watch()
        alert = alerts.search([("kind", "=", "unserved"), ("state", "!=", "closed")])
        self.assertEqual(len(alert), 1)
        self.assertEqual(len(alert.activity_ids), 1)
        administrators = self.env.ref("mfg_integration_queue.group_administrator").users
        self.assertIn(alert.activity_ids.user_id, administrators)
        self._deliver()
        alerts._cron_watch()
        self.assertEqual(alert.state, "closed")

    def test_lane_that_waits_for_its_retry_is_served(self):
        self.interface.sla_max_age_minutes = 0
        self._emit()
        self._fail(delay=3600)
        self._emit()
        self._pass(6)
        alerts = self.env["mfg.integration.alert"]._find()
        self.assertNotIn("unserved", [row["kind"] for row in alerts])


@tagged("post_install", "-at_install")
class TestInboundAlert(InboundCase):
    """What comes in has a service level, too."""

    def test_message_nobody_processed_in_time(self):
        self.note.sla_max_age_minutes = 10
        self._take_in()
        self.env.cr.execute(
            """
            WITH old AS (
                UPDATE mfg_integration_inbox SET created_at = created_at - interval '11 min'
                 WHERE system_id = %s RETURNING id, created_at
            )
            UPDATE mfg_integration_inbox_todo t SET inbox_at = old.created_at
              FROM old WHERE t.inbox_id = old.id
            """,
            [self.system.id],
        )
        alerts = self.env["mfg.integration.alert"]
        alerts._cron_watch()
        alert = alerts.search([("interface_id", "=", self.note.id)])
        self.assertEqual((alert.kind, alert.messages), ("late", 1))
        self.assertEqual(alert.activity_ids.user_id, self.operator)
        self._process_due()
        alerts._cron_watch()
        self.assertEqual(alert.state, "closed")
