from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests.common import tagged

from .inbound_common import InboundCase
from .test_delivery import EngineCase


@tagged("post_install", "-at_install")
class TestException(InboundCase, EngineCase):
    """One list of what waits for a person, whichever direction it failed in."""

    def _exceptions(self, user=None):
        self.env.flush_all()
        self.env.invalidate_all()
        return (
            self.env["mfg.integration.exception"]
            .with_user(user or self.operator)
            .search([("company_id", "=", self.company.id)])
        )

    def _fail_inbound(self):
        self._take_in({"text": "  "})
        self._process_due()
        return self._exception()

    def test_both_directions_in_business_words(self):
        self.interface.sla_recovery_minutes = 90
        self._emit()
        letter = self._bury()
        inbound = self._fail_inbound()
        rows = {row.direction: row for row in self._exceptions()}
        out, into = rows["outbound"], rows["inbound"]
        self.assertEqual(out.subject, "Pump")
        self.assertEqual(out.error_id.name, "The other system refused the content")
        self.assertIn("Correct the document", out.suggestion)
        self.assertEqual(out.detail, "lot?")
        self.assertEqual((out.system_id, out.owner_id), (self.system, self.operator))
        self.assertEqual(out.due_at - out.since, timedelta(minutes=90))
        self.assertFalse(out.overdue)
        self.assertEqual(out.action_open()["res_id"], letter.id)
        self.assertEqual(out.action_open_record()["res_id"], self.record.id)
        self.assertEqual((into.system_id, into.interface_id), (self.system, self.note))
        self.assertIn("The note is empty", into.detail)
        self.assertEqual(into.action_open()["res_id"], inbound.id)
        with self.assertRefused(UserError, "There is no document"):
            into.action_open_record()

    def test_refusal_that_is_a_problem_document_is_told_in_words(self):
        self._emit()
        letter = self._bury()
        letter.excerpt = (
            '{"type": "about:blank", "title": "No lot", "detail": "Enter the lot"}'
        )
        self.assertEqual(letter.answer, "No lot: Enter the lot")
        row = self._exceptions()
        self.assertEqual(row.cause, "No lot: Enter the lot")
        self.assertIn(row, row.search([("detail", "ilike", "Enter the lot")]))

    def test_one_click_repeats_both(self):
        self._emit()
        letter, inbound = self._bury(), self._fail_inbound()
        self._exceptions().action_fix()
        self.assertEqual((letter.state, inbound.state), ("replayed", "resubmitted"))
        self.assertEqual(letter.decided_by_id, self.operator)
        self.assertFalse(self._exceptions())

    def test_only_operators_repeat(self):
        self._emit()
        self._bury()
        for user in (self.viewer, self.approver):
            row = self._exceptions(user)
            self.assertEqual(len(row), 1)
            with self.assertRaises(AccessError):
                row.action_fix()

    def test_companies_see_their_own(self):
        self._emit()
        self._bury()
        stranger = self._user(
            "operator", "mfg_integration_queue.group_operator", self.other_company
        )
        self.assertFalse(self._exceptions(stranger))
        row = self._exceptions().with_user(stranger)
        with self.assertRaises(AccessError):
            row.action_fix()

    def test_overdue_filter_and_grouping_by_what_happened(self):
        self._emit()
        self._emit(record=self._record("Valve"))
        self._bury()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE mfg_integration_dead SET create_date = create_date - interval '9 days'"
            " WHERE endpoint_id = %s AND event_ref = (SELECT min(event_ref)"
            " FROM mfg_integration_dead WHERE endpoint_id = %s)",
            [self.endpoint.id, self.endpoint.id],
        )
        rows = self._exceptions()
        overdue = rows.search([("overdue", "=", True), ("id", "in", rows.ids)])
        self.assertEqual(overdue.mapped("subject"), ["Pump"])
        groups = rows._read_group([("id", "in", rows.ids)], ["error_id"], ["__count"])
        self.assertEqual(
            [(error.code, count) for error, count in groups], [("HTTP-422", 2)]
        )

    def test_status_without_own_wording_is_explained_as_well(self):
        self._emit()
        letter = self._bury()
        letter.sudo().error_code = "HTTP-418"
        self.assertEqual(self._exceptions().error_id.code, "HTTP-4xx")
