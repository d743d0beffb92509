import json

from odoo.exceptions import UserError, ValidationError
from odoo.tests.common import BaseCase, tagged

from ..engine import masking, paths
from .inbound_common import InboundCase
from .test_delivery import EngineCase

SECRET_NAME = "Ada Lovelace"
MASKS = "customer.name\nlines[].price"
PAYLOAD = {
    "customer": {"name": SECRET_NAME, "city": "London"},
    "lines": [{"item": "GEAR", "price": 12.5}],
}


@tagged("post_install", "-at_install")
class TestMaskingText(BaseCase):
    """Confidential values, found by path."""

    masks = paths.parse_lines(MASKS)

    def test_values_are_hidden_and_the_document_stays(self):
        hidden = masking.masked(PAYLOAD, self.masks)
        self.assertEqual(hidden["customer"], {"name": "•••", "city": "London"})
        self.assertEqual(hidden["lines"], [{"item": "GEAR", "price": "•••"}])
        self.assertEqual(PAYLOAD["customer"]["name"], SECRET_NAME)

    def test_what_cannot_be_read_is_hidden_altogether(self):
        self.assertEqual(
            masking.masked_text(f'{{"name": "{SECRET_NAME}', self.masks), "•••"
        )

    def test_answers_do_not_repeat_them(self):
        answer = f'unknown customer "{SECRET_NAME}" at 12.5, item GEAR'
        self.assertEqual(
            masking.redacted(answer, PAYLOAD, self.masks),
            'unknown customer "•••" at •••, item GEAR',
        )
        quoted = {"customer": {"name": 'A "B"\nC'}}
        self.assertEqual(
            masking.redacted('{"bad": "A \\"B\\"\\nC"}', quoted, self.masks),
            '{"bad": "•••"}',
        )

    def test_object_is_hidden_with_all_it_holds(self):
        masks = paths.parse_lines("customer")
        self.assertEqual(masking.masked(PAYLOAD, masks)["customer"], "•••")
        self.assertEqual(masking.redacted("London", PAYLOAD, masks), "•••")


class ConfidentialMixin:
    """An operator with the right to see confidential content, beside one without."""

    @classmethod
    def _make_insider(cls):
        cls.insider = cls._user(
            "insider",
            "mfg_integration_queue.group_operator,mfg_integration_queue.group_confidential",
        )


@tagged("post_install", "-at_install")
class TestOutboundMasking(ConfidentialMixin, EngineCase):
    """Operators run the interface without reading what is none of their business."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._make_insider()
        cls.interface.version_ids.masked_paths = MASKS

    def _texts(self, user):
        self.env.invalidate_all()
        letter = (
            self.env["mfg.integration.dead"]
            .with_user(user)
            .search([("endpoint_id", "=", self.endpoint.id)])
        )
        delivery = (
            self.env["mfg.integration.delivery"]
            .with_user(user)
            .search([("endpoint_id", "=", self.endpoint.id)])
        )
        return letter.payload, delivery.payload, delivery.event_id.payload

    def test_every_screen_hides_them_from_those_without_the_right(self):
        self._emit(payload=PAYLOAD)
        self._bury()
        for user in (self.operator, self.viewer, self.integrator):
            for text in self._texts(user):
                self.assertNotIn(SECRET_NAME, text)
                self.assertNotIn("12.5", text)
                self.assertIn("London", text)
        for text in self._texts(self.insider):
            self.assertEqual(json.loads(text), PAYLOAD)

    def test_order_of_reading_does_not_matter(self):
        self._emit(payload=PAYLOAD)
        self._bury()
        letter = self.env["mfg.integration.dead"].search(
            [("endpoint_id", "=", self.endpoint.id)]
        )
        for user, seen in (
            (self.insider, True),
            (self.operator, False),
            (self.insider, True),
        ):
            self.assertEqual(SECRET_NAME in letter.with_user(user).payload, seen)

    def test_message_itself_is_sent_as_it_is(self):
        self._emit(payload=PAYLOAD)
        (delivery,) = self._fetch()
        self.assertEqual(json.loads(delivery.payload), PAYLOAD)

    def test_stored_answer_does_not_repeat_them(self):
        self._emit(payload=PAYLOAD)
        masks = self.env["mfg.integration.endpoint"]._dispatch_settings().masks
        (delivery,) = self._fetch()
        attempted = self._attempted(
            delivery, None, result={"excerpt": f"no customer {SECRET_NAME}"}
        )
        masking.redact_outcome(attempted.outcome, delivery, masks[delivery.version_id])
        self.assertEqual(attempted.outcome.excerpt, "no customer •••")

    def test_message_can_be_repeated_unseen(self):
        self._emit(payload=PAYLOAD)
        self._bury().with_user(self.operator).action_replay()
        (delivery,) = self._fetch()
        self.assertEqual(json.loads(delivery.payload), PAYLOAD)

    def test_list_is_changed_after_approval_by_approvers_only(self):
        version = self.interface.version_ids
        with self.assertRefused(UserError, "Only integration approvers"):
            version.with_user(self.integrator).masked_paths = False
        version.with_user(self.approver).masked_paths = "customer"
        with self.assertRefused(ValidationError, "Confidential Fields"):
            version.with_user(self.approver).masked_paths = "no path"


@tagged("post_install", "-at_install")
class TestInboundMasking(ConfidentialMixin, InboundCase):
    """The same for messages that came in, and for what is stored about their errors."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._make_insider()
        version = cls.note.version_ids
        version.masked_paths = "text"
        version.state = "draft"
        version.schema = '{"type": "object"}'
        version.state = "approved"

    def test_content_is_hidden(self):
        for headers in ({}, self._cloudevent()):
            message = self._take_in(*self._body(SECRET_NAME, headers))
            self.assertNotIn(SECRET_NAME, message.with_user(self.operator).body)
            self.assertIn(SECRET_NAME, message.with_user(self.insider).body)

    def test_exception_is_corrected_by_those_who_may_see_it(self):
        self._take_in({"text": [SECRET_NAME]})
        self.env.cr.execute("UPDATE mfg_integration_inbox_todo SET attempts = 9")
        with self.assertLogs("odoo.addons.mfg_integration_queue"):
            self._process_due()
        exception = self._exception()
        self.assertNotIn(SECRET_NAME, exception.with_user(self.operator).payload)
        self.assertNotIn(SECRET_NAME, exception.error)
        with self.assertRefused(UserError, "holds confidential values"):
            exception.with_user(self.operator).payload = "{}"
        insider = exception.with_user(self.insider)
        self.assertIn(SECRET_NAME, insider.payload)
        insider.write({"payload": '{"text": "Public"}', "remediation_note": "Blank."})
        insider.action_resubmit()
        self.assertEqual(self._process_due().state, "processed")
        self.assertNotIn("Public", self._messages().with_user(self.operator).correction)

    def test_exception_is_repeated_unseen(self):
        self._take_in({"text": " "})
        self._process_due()
        self._exception().with_user(self.operator).action_resubmit()
        self._process_due()
        self.assertEqual(self._exception().content, json.dumps({"text": " "}, indent=2))

    def _cloudevent(self):
        return {"content-type": "application/cloudevents+json"}

    def _body(self, text, headers):
        if not headers:
            return {"text": text}, None, None, headers
        event = {
            "specversion": "1.0",
            "id": "e-1",
            "source": "/mes",
            "type": "system.note",
            "data": {"text": text},
        }
        return event, None, None, headers
