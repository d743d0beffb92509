from odoo.exceptions import AccessError, UserError
from odoo.tests.common import tagged

from .test_delivery import EngineCase


@tagged("post_install", "-at_install")
class TestDeadLetter(EngineCase):
    """A dead letter has a cause in words, an owner, and ends with a decision."""

    def test_iq_10_letter_names_cause_and_owner(self):
        self._emit()
        letter = self._bury().with_user(self.operator)
        self.assertEqual(letter.state, "open")
        self.assertEqual(letter.owner_id, self.operator)
        self.assertEqual(letter.subject, "Pump")
        self.assertEqual(letter.error_id.name, "The other system refused the content")
        self.assertIn("Correct the document", letter.suggestion)
        self.assertEqual(letter.answer, "lot?")
        self.assertEqual(self._deliveries().attempt_ids.answer, "lot?")
        self.assertEqual(letter.status, 422)
        self.assertEqual(letter.reason, "refused")
        self.assertEqual(self._deliveries().state, "dead")

    def test_owner_falls_back_to_the_owner_of_the_contract(self):
        self.interface.write(
            {"exception_owner_id": False, "owner_id": self.integrator.id}
        )
        self.env.flush_all()
        self._emit()
        self.assertEqual(self._bury().owner_id, self.integrator)

    def test_replay_sends_the_same_event_once_more(self):
        self._emit()
        letter = self._bury()
        letter.with_user(self.operator).action_replay()
        self.assertEqual(letter.state, "replayed")
        self.assertEqual(letter.decided_by_id, self.operator)
        delivered = self._deliver()
        self.assertEqual(delivered.mapped("state"), ["dead", "delivered"])
        self.assertEqual(len(set(delivered.mapped("uuid"))), 1)

    def test_letter_is_decided_once(self):
        self._emit()
        letter = self._bury().with_user(self.operator)
        letter.action_replay()
        with self.assertRefused(UserError, "already decided"):
            letter.action_replay()
        with self.assertRefused(UserError, "already decided"):
            letter.action_cancel()
        self.assertEqual(len(self._fetch()), 1)

    def test_giving_up_needs_a_note(self):
        self._emit()
        letter = self._bury().with_user(self.operator)
        with self.assertRefused(UserError, "remediation note of Pump"):
            letter.action_cancel()
        letter.remediation_note = "Entered by hand in the MES."
        letter.action_cancel()
        self.assertEqual(letter.state, "cancelled")
        self.assertFalse(self._fetch())

    def test_blocking_letter_holds_its_lane_until_replayed(self):
        self.interface.on_dead = "block"
        self._emit(payload={"n": 1})
        letter = self._bury(blocking=True)
        self._emit(payload={"n": 2})
        self.assertTrue(letter.blocking)
        letter.with_user(self.operator).action_replay()
        first, second = self._fetch()
        self.assertEqual((first.payload, second.payload), ('{"n": 1}', '{"n": 2}'))
        self.assertEqual(first.attempts, 0)
        self.assertEqual(self._deliver().mapped("state"), ["delivered", "delivered"])

    def test_blocking_letter_given_up_frees_its_lane(self):
        self.interface.on_dead = "block"
        self._emit(payload={"n": 1})
        letter = self._bury(blocking=True).with_user(self.operator)
        self._emit(payload={"n": 2})
        letter.remediation_note = "Not needed any more."
        letter.action_cancel()
        self.assertEqual(letter.state, "cancelled")
        (row,) = self._fetch()
        self.assertEqual(row.payload, '{"n": 2}')

    def test_only_operators_decide(self):
        self._emit()
        letter = self._bury()
        for user in (self.viewer, self.employee, self.approver):
            with self.assertRaises(AccessError):
                letter.with_user(user).action_replay()
            with self.assertRaises(AccessError):
                letter.with_user(user).action_cancel()

    def test_decision_is_not_written_by_hand(self):
        self._emit()
        letter = self._bury().with_user(self.operator)
        for values in (
            {"state": "cancelled"},
            {"decided_by_id": self.viewer.id},
            {"excerpt": "all fine"},
        ):
            with self.assertRaises(UserError):
                letter.write(values)
        letter.owner_id = self.integrator
        self.assertEqual(letter.owner_id, self.integrator)

    def test_search_by_document(self):
        self._emit()
        letter = self._bury()
        letters = self.env["mfg.integration.dead"].with_user(self.operator)
        self.assertIn(letter, letters.search([("subject", "ilike", "pump")]))
        self.assertNotIn(letter, letters.search([("subject", "=", "Valve")]))
