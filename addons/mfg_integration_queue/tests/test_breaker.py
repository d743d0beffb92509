import time
from collections import deque

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError
from odoo.tests.common import BaseCase, tagged
from odoo.tools import mute_logger

from ..engine.endpoint_state import EndpointStates
from ..engine.gates import Gates
from ..engine.outcome import Outcome, Verdict
from ..engine.sender_pool import SenderPool
from ..engine.store import Attempted
from .common import GROUP
from .test_delivery import EngineCase
from .test_http_sender import Receiver, settings
from .test_lanes import delivery


class GateCase(EngineCase):
    """Plays a worker's part as far as it counts calls."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.states = EndpointStates(cls.env.cr)

    def _gates(self):
        gates = Gates(self.states)
        gates.configure(
            self.env["mfg.integration.endpoint"]._dispatch_settings().endpoints
        )
        return gates

    def _call(self, gates, verdict=Verdict.RETRY, id_=1, **result):
        gates.count(
            Attempted(
                delivery(id_, endpoint=self.endpoint.id),
                Outcome(verdict, **result),
                via=self.endpoint.id,
            )
        )

    def _fail(self, gates, times=1, **result):
        for _turn in range(times):
            self._call(gates, error_code="NET-001", **result)
        gates.settle()

    def _succeed(self, gates, times=1):
        for _turn in range(times):
            self._call(gates, Verdict.DELIVERED, status=200)
        gates.settle()

    def _is_closed(self, gates):
        return gates.is_closed(self.endpoint.id)

    def _pass_time(self, seconds):
        """Let everything that was noted lie further back."""
        self.env.cr.execute(
            """
            UPDATE mfg_integration_endpoint_state
               SET window_from = window_from - %(s)s * interval '1 second',
                   open_until = open_until - %(s)s * interval '1 second',
                   probe_until = probe_until - %(s)s * interval '1 second'
            """,
            {"s": seconds},
        )

    def _open_seconds(self):
        self.env.cr.execute(
            "SELECT open_seconds FROM mfg_integration_endpoint_state WHERE endpoint_id = %s",
            [self.endpoint.id],
        )
        return self.env.cr.fetchone()[0]

    def _opened(self):
        gates = self._gates()
        self._fail(gates, 5)
        return gates

    def _probe(self, gates, id_=9):
        gates.refresh()
        return gates.try_probe(
            self.endpoint.id, delivery(id_, endpoint=self.endpoint.id)
        )


@tagged("post_install", "-at_install")
class TestBreaker(GateCase):
    """When an endpoint counts as not reachable, and when it is tried again."""

    def test_iq_12_five_failures_in_a_row_open(self):
        gates = self._gates()
        self._fail(gates, 4)
        self.assertTrue(self._is_closed(gates))
        self._fail(gates)
        self.assertFalse(self._is_closed(gates))
        self.assertFalse(gates.is_passable(self.endpoint.id, time.monotonic()))

    def test_success_between_failures_keeps_it_closed(self):
        gates = self._gates()
        self._succeed(gates, 100)
        for _turn in range(2):
            self._fail(gates, 4)
            self._succeed(gates, 20)
        self.assertTrue(self._is_closed(gates))

    def test_half_of_ten_calls_failing_open(self):
        gates = self._gates()
        for _turn in range(4):
            self._fail(gates)
            self._call(gates, Verdict.DELIVERED, status=200)
        self.assertTrue(self._is_closed(gates), "eight calls say nothing yet")
        self._fail(gates, 2)
        self.assertFalse(self._is_closed(gates))

    def test_failures_longer_ago_do_not_count(self):
        gates = self._gates()
        self._fail(gates, 4)
        self._succeed(gates)
        self._pass_time(31)
        self._fail(gates, 4)
        self.assertTrue(self._is_closed(gates))

    def test_refusal_of_the_content_is_no_outage(self):
        gates = self._gates()
        for _turn in range(20):
            self._call(gates, Verdict.DEAD, status=422, error_code="HTTP-422")
        gates.settle()
        self.assertTrue(self._is_closed(gates))

    def test_workers_share_what_they_see(self):
        one, two = self._gates(), self._gates()
        self._fail(one, 3)
        self._fail(two, 2)
        self.assertFalse(self._is_closed(two))
        one.refresh()
        self.assertFalse(self._is_closed(one))
        self.assertFalse(self._is_closed(self._gates()), "a new worker knows it, too")

    def test_only_one_worker_probes(self):
        one = self._opened()
        two = self._gates()
        self.assertFalse(self._probe(one), "the pause is not over")
        self._pass_time(31)
        self.assertTrue(self._probe(one))
        self.assertFalse(self._probe(two))
        self._pass_time(60)
        self.assertTrue(self._probe(two), "the first one died over its probe")

    def test_failed_probes_double_the_pause_up_to_the_longest(self):
        gates = self._opened()
        pauses = [self._open_seconds()]
        for _turn in range(7):
            self._pass_time(3600)
            self.assertTrue(self._probe(gates))
            self._call(gates, id_=9, error_code="NET-001")
            pauses.append(self._open_seconds())
        self.assertEqual(pauses, [30, 60, 120, 240, 480, 900, 900, 900])

    def test_answered_probe_closes(self):
        gates, other = self._opened(), self._gates()
        self._pass_time(31)
        self._probe(gates)
        self._call(gates, Verdict.DELIVERED, id_=9, status=200)
        self.assertTrue(self._is_closed(gates))
        other.refresh()
        self.assertTrue(self._is_closed(other))
        self.assertEqual(self.endpoint.state, "running")
        self._fail(gates, 4)
        self.assertTrue(self._is_closed(gates), "counts begin anew")

    def test_probe_that_was_never_sent_leaves_it_to_others(self):
        gates, other = self._opened(), self._gates()
        self._pass_time(31)
        self._probe(gates)
        gates.abandon(self.endpoint.id, delivery(9, endpoint=self.endpoint.id))
        gates.settle()
        self.assertTrue(self._probe(other))
        self.assertEqual(self._open_seconds(), 30)

    def test_retry_after_prolongs_the_pause_within_its_limit(self):
        gates = self._gates()
        self._fail(gates, 5, status=503, retry_after=120)
        self.assertEqual(self._open_seconds(), 120)
        self._pass_time(121)
        self._probe(gates)
        self._call(gates, id_=9, error_code="HTTP-503", retry_after=86400)
        self.assertEqual(self._open_seconds(), 900)

    def test_settings_of_the_endpoint_count(self):
        self.endpoint.write({"breaker_failures": 2, "breaker_pause": 5})
        gates = self._gates()
        self._fail(gates, 2)
        self.assertFalse(self._is_closed(gates))
        self.assertEqual(self._open_seconds(), 5)
        for values in (
            {"breaker_failures": 0},
            {"breaker_pause": 0},
            {"breaker_longest": 1},
        ):
            with (
                self.subTest(values=values),
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
                self.env.cr.savepoint(),
            ):
                self.endpoint.write(values)
                self.env.flush_all()


@tagged("post_install", "-at_install")
class TestAvailability(GateCase):
    """What people see of it and what they can do."""

    def test_iq_12_endpoint_tells_since_when_and_why(self):
        self._opened()
        endpoint = self.endpoint.with_user(self.viewer)
        endpoint.invalidate_recordset()
        self.assertEqual(endpoint.state, "down")
        self.assertTrue(endpoint.down_since)
        self.assertEqual(
            endpoint.down_reason, "The other system cannot be reached (NET-001)"
        )
        self.assertTrue(endpoint.next_probe_at > endpoint.down_since)
        endpoints = self.env["mfg.integration.endpoint"].with_user(self.viewer)
        self.assertEqual(endpoints.search([("state", "=", "down")]), self.endpoint)
        self.assertNotIn(self.endpoint, endpoints.search([("state", "!=", "down")]))
        with self.assertRefused(UserError, "no state “lost”"):
            endpoints.search([("state", "=", "lost")])

    def test_integrator_tries_now(self):
        gates = self._opened()
        self.assertFalse(self._probe(gates))
        told = self.endpoint.with_user(self.integrator).action_probe()
        self.assertEqual(told["tag"], "display_notification")
        self.assertTrue(self._probe(gates))
        with self.assertRaises(AccessError):
            self.endpoint.with_user(self.operator).action_probe()

    def test_pause_asks_why_and_keeps_it(self):
        endpoint = self.endpoint.with_user(self.integrator)
        action = endpoint.action_ask_pause()
        wizard = (
            self.env[action["res_model"]]  # pylint: disable=context-overridden
            .with_user(self.integrator)
            .with_context(action["context"])
            .create({"reason": "Upgrade of the MES"})
        )
        wizard.action_pause()
        self.assertEqual(endpoint.state, "paused")
        self.assertEqual(endpoint.paused_by_id, self.integrator)
        self.assertIn("Upgrade of the MES", endpoint.paused_reason)
        self.assertIn("Upgrade of the MES", endpoint.message_ids[0].body)
        endpoint.action_resume()
        self.assertEqual(endpoint.state, "running")
        self.assertIn(
            f"Resumed by {self.integrator.name}", endpoint.message_ids[0].body
        )

    def test_nobody_pauses_endpoints_of_another_company(self):
        stranger = self._user(
            "stranger", f"{GROUP}integrator", company=self.other_company
        )
        with self.assertRaises(AccessError):
            self.endpoint.with_user(stranger).action_pause("because")
        with self.assertRaises(AccessError):
            wizard = (
                self.env["mfg.integration.endpoint.pause"]
                .with_user(stranger)
                .create({"endpoint_ids": self.endpoint.ids, "reason": "because"})
            )
            wizard.action_pause()

    def test_iq_12_gone_for_good_pauses_and_tells_the_owner(self):
        self.states.ensure(self.endpoint.ids)
        self.assertTrue(self.states.pause(self.endpoint.id, "HTTP-410", age=0.1))
        self.assertFalse(self.states.pause(self.endpoint.id, "HTTP-410", age=0.1))
        self.endpoint._announce_gone()
        self.endpoint.invalidate_recordset()
        self.assertEqual(self.endpoint.state, "paused")
        self.assertEqual(
            self.endpoint.paused_reason, "The other system is gone for good (HTTP-410)"
        )
        self.assertFalse(self.endpoint.paused_by_id)
        self.assertEqual(self.endpoint.activity_ids.user_id, self.operator)
        self.assertIn("HTTP 410", self.endpoint.message_ids[0].body)

    def test_iq_12_late_answer_from_before_the_resume_pauses_nothing(self):
        self.states.ensure(self.endpoint.ids)
        self.states.pause(self.endpoint.id, "HTTP-410", age=0.1)
        self.endpoint.with_user(self.integrator).action_resume()
        self.assertFalse(self.states.pause(self.endpoint.id, "HTTP-410", age=60))
        self.assertEqual(self.endpoint.state, "running")
        self.assertTrue(self.states.pause(self.endpoint.id, "HTTP-410", age=0))

    def test_waiting_for_the_endpoint_uses_up_no_attempt(self):
        self._emit()
        rows = self._fetch()
        self.store.retry(
            [self._attempted(rows[0], Verdict.RETRY, delay=0, counted=False)]
        )
        message = self._deliveries()
        self.assertEqual(message.attempts, 0)
        self.assertEqual(len(message.attempt_ids), 1)


@tagged("post_install", "-at_install")
class TestSenderPool(BaseCase):
    """A receiver that is down gets a handful of calls, not one per thread and second."""

    def setUp(self):
        super().setUp()
        self.receiver = Receiver()
        self.addCleanup(self.receiver.stop)
        self.results = deque()

    def _pool(self, **values):
        pool = SenderPool(
            settings(self.receiver.url, **{"concurrency": 8, **values}),
            self.results,
            lambda: None,
        )
        self.addCleanup(pool.close)
        return pool

    def _send(self, pool, count):
        for id_ in range(count):
            pool.submit([delivery(id_, lane=str(id_))])
        deadline = time.monotonic() + 20
        while len(self.results) < count:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)  # pause between two looks
        verdicts = [each.outcome.verdict for each in self.results]
        self.results.clear()
        return verdicts

    def test_iq_12_dead_receiver_gets_ten_calls_at_most(self):
        self.receiver.answers = [(503, {}, b"")] * 200
        pool = self._pool()
        verdicts = self._send(pool, 100)
        self.assertTrue(pool.is_tripped)
        self.assertLessEqual(len(self.receiver.requests), 10)
        self.assertEqual(verdicts.count(Verdict.RETRY), len(self.receiver.requests))
        self.assertEqual(
            verdicts.count(Verdict.HELD), 100 - len(self.receiver.requests)
        )
        self.assertEqual(pool.depth, 0)

    def test_probe_goes_alone_and_its_success_lets_the_rest_go(self):
        pool = self._pool()
        pool.reset(failures=5)
        self.assertEqual(self._send(pool, 3), [Verdict.HELD] * 3)
        pool.permit_probe()
        self.assertEqual(pool.depth, 1)
        self.assertEqual(self._send(pool, 1), [Verdict.DELIVERED])
        self.assertFalse(pool.is_tripped)
        self.assertEqual(self._send(pool, 20), [Verdict.DELIVERED] * 20)

    def test_single_failures_do_not_stop_the_others(self):
        self.receiver.answers = [(500 if n % 3 else 200, {}, b"") for n in range(3)]
        pool = self._pool(concurrency=1)
        verdicts = self._send(pool, 10)
        self.assertEqual(verdicts.count(Verdict.RETRY), 2)
        self.assertNotIn(Verdict.HELD, verdicts)
