import json

from odoo.exceptions import AccessError, UserError
from odoo.tests.common import tagged
from odoo.tools import mute_logger

from ..engine import inbound_store as store
from .inbound_common import InboundCase

MODEL = "odoo.addons.mfg_integration_queue.models.mfg_integration_inbox"


@tagged("post_install", "-at_install")
class TestInboundProcessing(InboundCase):
    """What becomes of a message after it was accepted."""

    def _careless_contract(self):
        """Let messages in that the handler does not expect: it fails with a KeyError."""
        # sudo: tests play the approver
        self.note.version_ids.sudo().write({"state": "retired"})
        self.note.version_ids.sudo().create(
            {"interface_id": self.note.id, "major": 2, "state": "approved"}
        )

    def test_handler_runs_as_the_service_user_in_the_systems_company(self):
        self._take_in({"text": "Stop <b>now</b>"})
        message = self._process_due().with_user(self.viewer)
        self.assertEqual(message.state, "processed")
        self.assertEqual(message.attempts, 1)
        self.assertEqual(message.subject, "MES One")
        note = self._notes()
        self.assertEqual(note.author_id, self.service_user.partner_id)
        self.assertIn("&lt;b&gt;", note.body, "text of others is no HTML")
        self.assertEqual(json.loads(message.result), {"note": note.id})
        action = message.action_open_record()
        self.assertEqual(action["res_id"], self.system.id)

    def test_handler_sees_one_company_only(self):
        self.service_user.company_ids += self.other_company
        message = self._take_in({"a": 1}, self.ping)
        self.assertEqual(json.loads(message.result)["company"], "Plant One")

    def test_waiting_message(self):
        message = self._take_in().with_user(self.viewer)
        self.assertEqual(message.state, "received")
        self.assertEqual(json.loads(message.body), {"text": "Hello"})
        self.assertEqual(message.remote_addr, "127.0.0.1")

    def test_messages_without_order_key_stay_in_order(self):
        first, second = self._take_in(key="a"), self._take_in(key="b")
        ((lane, first_of_system),) = store.lane_heads(self.env.cr, 10)
        self.assertTrue(first_of_system)
        self.assertEqual(store.start(self.env.cr, lane, "w")[0], first.id)
        self.inbox._process(first.id)
        self.assertEqual(store.start(self.env.cr, lane, "w")[0], second.id)

    def test_order_keys_do_not_wait_for_each_other(self):
        for key in ("WH-1", "WH-2", "WH-1"):
            self._take_in(headers={"ordering-key": key})
        lanes = store.lane_heads(self.env.cr, 10)
        self.assertEqual(
            [(lane.rpartition(":")[2], first) for lane, first in lanes],
            [("WH-1", True), ("WH-2", False)],
        )

    def test_urgent_lanes_come_first(self):
        self._take_in(headers={"ordering-key": "slow"})
        self.ping.write({"processing_mode": "async", "latency_class": "real_time"})
        self._take_in({}, self.ping)
        self.assertTrue(store.lane_heads(self.env.cr, 1)[0][0].endswith(":"))

    def test_pi_05_backlog_of_one_system_has_others_wait_for_one_turn(self):
        for number in range(30):
            self._take_in(headers={"ordering-key": f"C-{number}"})
        other = self.system.copy({"name": "Other", "code": "other"})
        other.user_id = self.service_user
        credential, _key = self._credential(system_id=other.id)
        self._take_in(credential=credential)
        heads = store.lane_heads(self.env.cr, 10)
        self.assertEqual(
            [(int(lane.partition(":")[0]), first) for lane, first in heads[:3]],
            [(self.system.id, True), (other.id, True), (self.system.id, False)],
        )

    # refusals

    def test_refused_message_gets_an_owner_and_something_to_do(self):
        self._take_in({"text": " "}, key="n-1")
        message = self._process_due().with_user(self.operator)
        self.assertEqual(message.state, "dead")
        exception = message.exception_id
        self.assertEqual(exception.owner_id, self.operator)
        self.assertEqual(exception.activity_ids.user_id, self.operator)
        self.assertEqual(exception.reason, "refused")
        self.assertEqual(exception.subject, "n-1")
        self.assertIn("The note is empty", exception.error)
        self.assertIn("process it again", exception.suggestion)
        self.assertFalse(self._notes(), "nothing of the attempt remains")

    def test_owner_without_rights_gets_the_exception_but_no_activity(self):
        self.note.exception_owner_id = self.employee
        self._take_in({"text": " "})
        self._process_due()
        self.assertEqual(self._exception().owner_id, self.employee)
        self.assertFalse(self._exception().activity_ids)

    def test_corrected_message_is_processed_once(self):
        self._take_in({"text": " "})
        self._process_due()
        exception = self._exception().with_user(self.operator)
        exception.payload = '{"text": "Corrected"}'
        with self.assertRefused(UserError, "remediation note"):
            exception.action_resubmit()
        exception.remediation_note = "The MES sent a blank."
        exception.action_resubmit()
        self.assertEqual(exception.state, "resubmitted")
        self.assertEqual(exception.decided_by_id, self.operator)
        self.assertFalse(exception.activity_ids)
        message = self._process_due()
        self.assertEqual(message.state, "processed")
        self.assertIn("Corrected", self._notes().body)
        self.assertEqual(json.loads(message.body), {"text": " "}, "as it came in")
        log = exception.sudo().message_ids[0].body
        self.assertIn(exception.payload_sha256, log)
        with self.assertRefused(UserError, "already decided"):
            exception.action_resubmit()
        with self.assertRefused(UserError, "already decided"):
            exception.payload = "{}"

    def test_unchanged_message_may_be_processed_again_without_a_note(self):
        self._take_in({"text": " "})
        self._process_due()
        told = self._exception().with_user(self.operator).action_resubmit()
        self.assertEqual(told["params"]["message"], "The message is processed again.")
        self.assertEqual(self._messages().state, "received")
        self._process_due()
        self.assertEqual(self._exception().state, "open", "and fails again")

    def test_correction_has_to_fit_the_contract(self):
        self._take_in({"text": " "})
        self._process_due()
        exception = self._exception().with_user(self.operator)
        for payload, cause in (
            ('{"text": 1}', "#/text"),
            ('{"text": "a"', "cannot be read"),
            ('{"text": "a", "text": "b"}', "occurs twice"),
            ("", "is empty"),
        ):
            with self.subTest(payload), self.assertRefused(UserError, cause):
                exception.write({"payload": payload, "remediation_note": "x"})
                exception.action_resubmit()

    def test_giving_up_needs_a_note(self):
        self._take_in({"text": " "})
        self._process_due()
        exception = self._exception().with_user(self.operator)
        with self.assertRefused(UserError, "remediation note"):
            exception.action_cancel()
        exception.remediation_note = "Told by telephone."
        exception.action_cancel()
        self.assertEqual(self._messages().state, "cancelled")
        self.assertFalse(store.lane_heads(self.env.cr, 10))

    def test_viewer_decides_nothing(self):
        self._take_in({"text": " "})
        self._process_due()
        exception = self._exception().with_user(self.viewer)
        for decide in (exception.action_resubmit, exception.action_cancel):
            with self.assertRefused(AccessError, "operators"):
                decide()

    def test_dead_message_does_not_hold_what_follows(self):
        self._take_in({"text": " "})
        self._take_in({"text": "B"})
        self.assertEqual(self._process_due().mapped("state"), ["dead", "processed"])

    def test_dead_message_of_a_blocking_interface_holds_its_lane(self):
        self.note.on_dead = "block"
        self._take_in({"text": " "})
        self._take_in({"text": "B"})
        self._take_in({"text": "C"}, headers={"ordering-key": "other"})
        messages = self._process_due()
        self.assertEqual(messages.mapped("state"), ["dead", "received", "processed"])
        exception = self._exception().with_user(self.operator)
        self.assertTrue(exception.blocking)
        exception.write({"payload": '{"text": "A"}', "remediation_note": "Blank."})
        exception.action_resubmit()
        self.assertEqual(set(self._process_due().mapped("state")), {"processed"})
        notes = self._notes().sorted("id").mapped("body")
        self.assertEqual([note[3:4] for note in notes], ["C", "A", "B"])

    def test_giving_up_a_blocking_message_lets_the_next_pass(self):
        self.note.on_dead = "block"
        self._take_in({"text": " "})
        self._take_in({"text": "B"})
        self._process_due()
        exception = self._exception().with_user(self.operator)
        exception.remediation_note = "Not needed."
        exception.action_cancel()
        self.assertEqual(
            self._process_due().mapped("state"), ["cancelled", "processed"]
        )

    # failures

    @mute_logger(MODEL)
    def test_defect_is_tried_again_with_growing_pauses(self):
        self._careless_contract()
        self._take_in({})
        message = self._process_due().with_user(self.viewer)
        self.assertEqual(message.state, "retry")
        self.assertEqual(message.attempts, 1)
        self.assertEqual(message.error_id.code, "IN-ERROR")
        self.assertIn("KeyError", message.error)
        self.assertTrue(message.next_at)
        self.assertFalse(store.lane_heads(self.env.cr, 10), "not due yet")
        self.assertGreater(store.seconds_to_next(self.env.cr), 1)

    @mute_logger(MODEL)
    def test_last_attempt_becomes_an_exception(self):
        self._careless_contract()
        message = self._take_in({})
        self.env.cr.execute("UPDATE mfg_integration_inbox_todo SET attempts = 9")
        self.inbox._process(message.id)
        self.assertEqual(self._exception().reason, "exhausted")
        self.assertEqual(self._messages().attempts, 10)

    @mute_logger(MODEL)
    def test_message_that_is_too_old_becomes_an_exception(self):
        self._careless_contract()
        self.note.max_age_hours = 1
        message = self._take_in({})
        self.env.cr.execute("UPDATE mfg_integration_inbox_todo SET attempts = 6")
        self.inbox._process(message.id)
        self.assertEqual(self._exception().reason, "expired")

    def test_system_that_lost_its_service_user(self):
        self._take_in()
        self.system.user_id = False
        self._process_due()
        exception = self._exception()
        self.assertEqual(exception.reason, "configuration")
        self.assertIn("MES One has no service user", exception.error)

    def test_poison_is_set_aside(self):
        message = self._take_in()
        self.inbox._bury_poison(message.id)
        exception = self._exception()
        self.assertEqual(exception.reason, "poison")
        self.assertEqual(exception.error_id.name, "The process ended over the message")
        self.assertFalse(store.lane_heads(self.env.cr, 10))

    def test_old_keys_are_forgotten(self):
        self._take_in(key="old")
        self._take_in(key="new")
        self.env.cr.execute(
            "UPDATE mfg_integration_inbox_key SET expires_at = '2001-01-01' "
            "WHERE key = 'old'"
        )
        self.inbox._cron_clean_keys()
        self.env.cr.execute("SELECT key FROM mfg_integration_inbox_key")
        self.assertIn(("new",), self.env.cr.fetchall())
        self.assertEqual(len(self._messages()), 2)
