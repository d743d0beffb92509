import uuid

from odoo.tests.common import BaseCase, tagged

from ..engine import trace
from .inbound_common import InboundCase, InboundHttpCase
from .test_delivery import EngineCase

GIVEN = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@tagged("post_install", "-at_install")
class TestTraceContext(BaseCase):
    """The W3C format."""

    def test_follow_keeps_the_trace_and_names_a_new_parent(self):
        followed = trace.follow(GIVEN, uuid.uuid4())
        self.assertEqual(trace.valid(followed), followed)
        self.assertEqual(trace.trace_id(followed), TRACE)
        self.assertNotEqual(followed, GIVEN)

    def test_what_is_no_context_is_not_taken(self):
        for text in (
            None,
            "",
            "00-xyz",
            GIVEN.upper(),
            GIVEN + "-more",
            f"00-{'0' * 32}-00f067aa0ba902b7-01",
            f"00-{TRACE}-{'0' * 16}-01",
        ):
            self.assertIsNone(trace.valid(text))

    def test_people_paste_what_they_have(self):
        message_id = str(uuid.uuid4())
        self.assertEqual(trace.read(f" {GIVEN} "), TRACE)
        self.assertEqual(trace.read(TRACE.upper()), TRACE)
        self.assertEqual(trace.read(message_id), message_id.replace("-", ""))
        self.assertIsNone(trace.read("Pump"))


@tagged("post_install", "-at_install")
class TestTrace(InboundCase, EngineCase):
    """One trace from what came in to what went out because of it."""

    def _by_trace(self, name, value):
        self.env.cr.flush()
        return self.env[name].with_user(self.viewer).search([("trace_id", "=", value)])

    def test_message_begins_a_trace_of_its_own(self):
        self._emit()
        event = self._deliveries().event_id
        self.assertEqual(event.trace_id, event.uuid.replace("-", ""))
        self.assertEqual(self._by_trace("mfg.integration.event", event.trace_id), event)
        self.assertEqual(
            self._by_trace("mfg.integration.delivery", event.uuid), self._deliveries()
        )

    def test_inbound_trace_goes_on_in_what_the_handler_sets_off(self):
        self._take_in(headers={"traceparent": GIVEN})
        message = self._process_due()
        self.assertEqual(message.state, "processed")
        self._emit()  # in the transaction of the handler
        delivery = self._deliveries()
        self.assertEqual(delivery.trace_id, TRACE)
        self.assertNotEqual(delivery.event_id.traceparent, GIVEN)
        self.assertEqual(self._by_trace("mfg.integration.inbox", TRACE), message)
        self.assertEqual(self._by_trace("mfg.integration.inbox", GIVEN), message)
        self.assertEqual(self._by_trace("mfg.integration.delivery", TRACE), delivery)
        self._fail(delay=0)
        attempt = self._by_trace("mfg.integration.attempt", TRACE)
        self.assertEqual(attempt, self._deliveries().attempt_ids)
        self.assertEqual(attempt.trace_id, TRACE)
        (row,) = self._fetch()
        self.assertEqual(trace.trace_id(row.traceparent), TRACE, "on the wire, too")

    def test_inbound_message_without_trace_begins_one(self):
        message = self._take_in()
        self.assertEqual(message.trace_id, message.uuid.replace("-", ""))
        self._process_due()
        self._emit()
        self.assertEqual(self._deliveries().trace_id, message.trace_id)
        self.assertEqual(
            self._by_trace("mfg.integration.event", message.trace_id),
            self._deliveries().event_id,
        )

    def test_each_message_continues_its_own_trace(self):
        self._take_in(headers={"traceparent": GIVEN})
        self._process_due()
        second = self._take_in()
        self._process_due()
        self._emit()
        self.assertEqual(self._deliveries().trace_id, second.trace_id)

    def test_nothing_found_for_what_is_no_trace(self):
        self._emit()
        self.assertFalse(self._by_trace("mfg.integration.event", "Pump"))


@tagged("post_install", "-at_install")
class TestTraceHttp(InboundHttpCase):
    """The trace of a request."""

    def test_request_hands_over_its_trace(self):
        response = self._post({"text": "Hello"}, headers={"traceparent": GIVEN})
        self.assertEqual(response.status_code, 202)
        self.assertEqual(self._message(response.json()["id"]).trace_id, TRACE)

    def test_what_is_no_context_is_replaced(self):
        response = self._post({"text": "Hello"}, headers={"traceparent": "00-broken"})
        message = self._message(response.json()["id"])
        self.assertEqual(message.trace_id, message.uuid.replace("-", ""))
