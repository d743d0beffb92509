import time

from odoo.exceptions import AccessError, UserError
from odoo.tests.common import tagged

from ..engine.lanes import FOREVER
from ..engine.latency import CLASSES
from ..engine.outcome import Outcome, Verdict
from ..engine.store import Attempted, Store, Window
from .common import QueueCase


class EngineCase(QueueCase):
    """Plays the dispatcher's part inside the test's transaction."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.store = Store(cls.env.cr, "test-worker")

    def _fetch(self, endpoint=None):
        self.env.cr.flush()
        endpoint = endpoint or self.endpoint
        windows = {
            (endpoint.id, part, cls): Window()
            for part in range(endpoint.partitions)
            for cls in CLASSES
        }
        deliveries, _counts = self.store.fetch(windows, 100)
        return deliveries

    def _attempted(self, delivery, verdict, **values):
        result = {"duration": 0.25, **values.pop("result", {})}
        return Attempted(
            delivery, Outcome(verdict, **result), time.monotonic() - 0.25, **values
        )

    def _deliver(self):
        self.store.finish(
            [
                self._attempted(each, Verdict.DELIVERED, result={"status": 200})
                for each in self._fetch()
            ]
        )
        return self._deliveries()

    def _fail(self, delay=60):
        self.store.retry(
            [
                self._attempted(
                    each,
                    Verdict.RETRY,
                    delay=delay,
                    result={"status": 503, "error_code": "HTTP-503", "excerpt": "busy"},
                )
                for each in self._fetch()
            ]
        )
        return self._deliveries()

    def _bury(self, blocking=False):
        self.store.bury(
            [
                self._attempted(
                    each,
                    Verdict.DEAD,
                    reason="refused",
                    result={"status": 422, "error_code": "HTTP-422", "excerpt": "lot?"},
                )
                for each in self._fetch()
            ],
            blocking,
        )
        self.env.invalidate_all()
        return self.env["mfg.integration.dead"].search(
            [("endpoint_id", "=", self.endpoint.id)], order="id desc", limit=1
        )


@tagged("post_install", "-at_install")
class TestDelivery(EngineCase):
    """What operators see of a message, and what they can do about it."""

    def test_waiting_message(self):
        self._emit()
        delivery = self._deliveries().with_user(self.viewer)
        self.assertEqual(delivery.state, "pending")
        self.assertEqual(delivery.subject, "Pump")
        self.assertEqual(delivery.attempts, 0)
        self.assertFalse(delivery.error_id)

    def test_delivered_message_keeps_its_attempts(self):
        self._emit()
        self._fail(delay=0)
        delivery = self._deliver().with_user(self.viewer)
        self.assertEqual(delivery.state, "delivered")
        self.assertEqual(delivery.attempts, 2)
        self.assertEqual(delivery.attempt_ids.sorted("id").mapped("status"), [503, 200])
        self.assertEqual(delivery.attempt_ids.sorted("id").mapped("attempt_no"), [1, 2])
        self.assertGreaterEqual(delivery.latency_ms, 0)
        self.assertFalse(self._fetch(), "the hot table is empty again")

    def test_message_of_an_endpoint_that_was_paused_for_weeks(self):
        self._emit()
        self.env.cr.flush()
        self.env.cr.execute(
            "UPDATE mfg_integration_delivery SET created_at = created_at - interval '40 days' "
            "WHERE endpoint_id = %s",
            [self.endpoint.id],
        )
        self.assertEqual(self._deliver().state, "delivered")

    def test_failed_message_says_what_happened_in_words(self):
        self._emit()
        delivery = self._fail().with_user(self.viewer)
        self.assertEqual(delivery.state, "retry")
        self.assertEqual(delivery.error_id.name, "The other system is not available")
        self.assertTrue(delivery.next_at)
        (waiting,) = self._fetch()
        self.assertAlmostEqual(waiting.due_at - time.monotonic(), 60, delta=5)

    def test_status_without_own_wording_takes_that_of_its_hundred(self):
        errors = self.env["mfg.integration.error.code"]
        self.assertEqual(errors._for_code("HTTP-507").code, "HTTP-5xx")
        self.assertEqual(errors._for_code("HTTP-422").code, "HTTP-422")
        self.assertFalse(errors._for_code("NEW-999"))
        self.assertFalse(errors._for_code(False))

    def test_lane_keeps_the_order_of_the_events(self):
        for number in range(4):
            self._emit(payload={"n": number})
        other = self._record("Valve")
        self._emit(record=other, payload={"n": 9})
        rows = self._fetch()
        lanes = {row.lane for row in rows}
        self.assertEqual(
            lanes, {f"res.partner,{self.record.id}", f"res.partner,{other.id}"}
        )
        same = [row for row in rows if row.lane == f"res.partner,{self.record.id}"]
        self.assertEqual(
            [row.payload for row in same], [f'{{"n": {n}}}' for n in range(4)]
        )
        self.assertEqual(len({row.part for row in same}), 1)

    def test_what_a_late_commit_left_below_the_mark_is_read(self):
        self._emit()
        (row,) = self._fetch()
        window = Window(mark=row.id + 1000)
        stream = {(row.endpoint_id, row.part, row.cls): window}
        self.assertFalse(self.store.fetch(stream, 100)[0])
        self.env.cr.execute(
            "SELECT tx::text FROM mfg_integration_delivery WHERE id = %s", [row.id]
        )
        window.open = self.env.cr.fetchone()
        deliveries, counts = self.store.fetch(stream, 100)
        self.assertEqual([each.id for each in deliveries], [row.id])
        self.assertFalse(counts, "the mark stays where it is")

    def test_key_decides_the_lane(self):
        self._emit(key="order-7")
        self._emit(record=self._record("Valve"), key="order-7")
        self.assertEqual({row.lane for row in self._fetch()}, {"order-7"})

    def test_attempt_of_a_cancelled_message_leaves_no_trace(self):
        self._emit()
        rows = self._fetch()
        self._deliveries().with_user(self.operator).action_cancel()
        self.store.finish([self._attempted(rows[0], Verdict.DELIVERED)])
        self.assertEqual(self._deliveries().state, "cancelled")
        self.assertFalse(self._deliveries().attempt_ids)

    def test_operator_tries_now(self):
        self._emit()
        told = self._fail().with_user(self.operator).action_retry_now()
        self.assertEqual(told["params"]["message"], "The message is tried now.")
        (row,) = self._fetch()
        self.assertLessEqual(row.due_at, time.monotonic())

    def test_operator_tries_now_what_cannot_go_yet(self):
        self._emit()
        self.endpoint.with_user(self.integrator).action_pause("Maintenance")
        told = self._deliveries().with_user(self.operator).action_retry_now()
        self.assertEqual(told["params"]["type"], "warning")
        self.assertIn(self.endpoint.name, told["params"]["message"])

    def test_only_what_waits_is_tried_now(self):
        self._emit()
        delivered = self._deliver()
        with self.assertRefused(UserError, "that wait"):
            delivered.with_user(self.operator).action_retry_now()

    def test_operator_cancels(self):
        self._emit()
        self._deliveries().with_user(self.operator).action_cancel()
        self.assertEqual(self._deliveries().state, "cancelled")
        self.assertFalse(self._fetch())

    def test_operator_sends_again_with_the_same_id(self):
        self._emit()
        delivered = self._deliver()
        told = delivered.with_user(self.operator).action_replay()
        self.assertEqual(told["params"]["message"], "The message goes again.")
        again = self._deliveries() - delivered
        self.assertEqual(again.state, "pending")
        self.assertEqual(again.uuid, delivered.uuid)
        (row,) = self._fetch()
        self.assertEqual(row.lane, delivered.lane)

    def test_message_on_its_way_is_not_sent_twice(self):
        self._emit()
        with self.assertRefused(UserError, "still on its way"):
            self._deliveries().with_user(self.operator).action_replay()

    def test_only_operators_decide(self):
        self._emit()
        delivery = self._deliveries()
        for action in ("action_retry_now", "action_cancel", "action_replay"):
            for user in (self.viewer, self.employee, self.approver):
                with self.assertRaises(AccessError):
                    getattr(delivery.with_user(user), action)()

    def test_search_by_document_and_state(self):
        self._emit()
        deliveries = self.env["mfg.integration.delivery"].with_user(self.viewer)
        self.env.cr.flush()
        found = deliveries.search([("event_id.subject", "ilike", "pum")])
        self.assertEqual(found, self._deliveries())
        self.assertEqual(
            deliveries.search_count(
                [("state", "=", "pending"), ("id", "in", found.ids)]
            ),
            1,
        )

    def test_grouping_and_figures(self):
        self._emit()
        self._emit(record=self._record("Valve"))
        self._deliver()
        groups = self.env["mfg.integration.delivery"]._read_group(
            [("interface_id", "=", self.interface.id)], ["state"], ["__count"]
        )
        self.assertEqual(groups, [("delivered", 2)])

    def test_event_opens_its_document(self):
        self._emit()
        action = self._deliveries().with_user(self.viewer).action_open_record()
        self.assertEqual(
            (action["res_model"], action["res_id"]), ("res.partner", self.record.id)
        )
        self.record.unlink()
        with self.assertRefused(
            UserError, "no document of Pump, or it does not exist any more"
        ):
            self._deliveries().with_user(self.viewer).action_open_record()

    def test_blocked_by_a_dead_letter_is_never_due(self):
        self.interface.on_dead = "block"
        self._emit()
        self._bury(blocking=True)
        (row,) = self._fetch()
        self.assertEqual(row.due_at, FOREVER)
        self.assertEqual(self._deliveries().state, "dead_waiting")
