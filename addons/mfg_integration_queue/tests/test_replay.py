from odoo.exceptions import AccessError, UserError
from odoo.tests.common import tagged

from .mapping_common import InboundMappingCase, OutboundMappingCase

NOTE = "BOX was new in the catalogue; entry added to Units."


class ReplayMixin:
    """Uses the wizard the way its form does."""

    def _replay(self, user=None, **values):
        return (
            self.env["mfg.integration.replay"]
            .with_user(user or self.operator)
            .create(values)
        )

    def _opened(self, action):
        return (
            self.env[action["res_model"]]
            .with_user(self.operator)
            .browse(action["res_id"])
        )


@tagged("post_install", "-at_install")
class TestReplay(ReplayMixin, OutboundMappingCase):
    """What failed for one cause goes again by one decision, in order, nothing else does."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.units = cls._map("Units", [("pc", "C62")])
        cls._declare(
            cls.interface.version_ids,
            {"path": "unit", "kind": "value", "value_map_id": cls.units.id},
        )
        cls.records = cls.env["res.partner"].create(
            [
                {"name": f"R{number}", "company_id": cls.company.id}
                for number in range(50)
            ]
        )

    def _emit_units(self, unit, count, start=0):
        for number in range(start, start + count):
            self._emit(
                record=self.records[number % 50], payload={"n": number, "unit": unit}
            )

    def test_iq_34_outbound_all_with_one_cause(self):
        self._emit_units("BOX", 500)
        self._emit_units("CRATE", 3)
        self._emit_units("pc", 2)
        while self._fetch():
            self._send_mapped()
        letters = self._letters()
        boxes = letters.filtered(lambda each: "BOX" in each.cause)
        self.assertEqual((len(letters), len(boxes)), (503, 500))
        self._entries(self.units, [("BOX", "BX")])
        replay = self._opened(boxes[250].with_user(self.operator).action_replay_cause())
        self.assertEqual(replay.message_count, 500)
        self.assertEqual(replay.dead_ids, boxes[:10])
        self.assertEqual(set(letters.mapped("state")), {"open"}, "nothing happened yet")
        with self.assertRefused(UserError, "what was done about it"):
            replay.action_replay()
        replay.note = NOTE
        replay.action_replay()
        self.assertEqual(set(boxes.mapped("state")), {"replayed"})
        self.assertEqual(set((letters - boxes).mapped("state")), {"open"})
        decision = boxes.decision_id
        self.assertEqual(len(decision), 1)
        self.assertEqual(decision.user_id, self.operator)
        self.assertEqual(decision.message_count, 500)
        self.assertEqual(decision.note, NOTE)
        self.assertEqual(decision.cause, "Units: “BOX” has no translation")
        self.assertEqual(set(boxes.mapped("remediation_note")), {NOTE})
        sent = []
        while self._fetch():
            sent += self._send_mapped()
        self.assertEqual([each["n"] for each in sent], list(range(500)))
        self.assertEqual({each["unit"] for each in sent}, {"BX"})

    def test_letters_of_another_endpoint_have_another_cause(self):
        other = self._endpoint("Second")
        self._subscribe(self.interface, other, self.company)
        self._emit_units("BOX", 1)
        for endpoint in (self.endpoint, other):
            deliveries = self._fetch(endpoint)
            failed = self.store.map_payloads(self._plans(), deliveries)
            self.store.bury(
                [self._failed(each, failed[each.id]) for each in deliveries], False
            )
        self.env.invalidate_all()
        letter = self._letters().with_user(self.operator)
        self.assertEqual(self._opened(letter.action_replay_cause()).message_count, 1)

    # the wizard

    def test_range_of_delivered_messages(self):
        self._emit_units("pc", 4)
        self._send_mapped()
        self._emit_units("pc", 1, start=9)
        replay = self._replay(
            kind="delivered", interface_ids=[(6, 0, self.interface.ids)], key="R2"
        )
        replay.action_preview()
        self.assertEqual(replay.message_count, 1)
        self.assertEqual(replay.delivery_ids.subject, "R2")
        replay.key = False
        self.assertFalse(replay.is_previewed, "another choice needs another look")
        with self.assertRefused(UserError, "Look at the preview"):
            replay.action_replay()
        replay.action_preview()
        self.assertEqual(replay.message_count, 4)
        replay.note = "The MES lost its database."
        replay.action_replay()
        self.assertEqual(
            self._deliveries().mapped("state"), ["delivered"] * 4 + ["pending"] * 5
        )
        decision = self.env["mfg.integration.decision"].search([], limit=1)
        self.assertEqual(decision.message_count, 4)
        self.assertEqual(decision.note, "The MES lost its database.")

    def test_time_and_order_key_limit_the_range(self):
        self._emit_units("pc", 2)
        self._send_mapped()
        lane = f"res.partner,{self.records[1].id}"
        for values, count in (
            ({"key": lane}, 1),
            ({"date_from": "2001-01-01", "date_to": "2001-01-02"}, 0),
            ({"date_from": "2001-01-01"}, 2),
            ({"endpoint_ids": [(6, 0, self._endpoint("Other").ids)]}, 0),
        ):
            with self.subTest(values):
                replay = self._replay(
                    kind="delivered",
                    **{"interface_ids": [(6, 0, self.interface.ids)], **values},
                )
                replay.action_preview()
                self.assertEqual(replay.message_count, count)

    def test_dead_letters_by_error_and_record(self):
        self._emit_units("BOX", 3)
        self._send_mapped()
        for values, count in (
            ({"error_code": "MAP-001"}, 3),
            ({"error_code": "HTTP-422"}, 0),
            ({"key": "R1"}, 1),
            ({"key": f"res.partner,{self.records[2].id}"}, 1),
        ):
            with self.subTest(values):
                replay = self._replay(
                    kind="dead", interface_ids=[(6, 0, self.interface.ids)], **values
                )
                replay.action_preview()
                self.assertEqual(replay.message_count, count)

    def test_what_changed_since_the_preview_is_shown_again(self):
        self._emit_units("BOX", 2)
        self._send_mapped()
        letters = self._letters().with_user(self.operator)
        replay = self._opened(letters[0].action_replay_cause())
        letters[1].action_replay()
        replay.note = NOTE
        with self.assertRefused(UserError, "1 messages now, the preview told of 2"):
            replay.action_replay()

    def test_only_operators_replay(self):
        self._emit_units("BOX", 1)
        self._send_mapped()
        with self.assertRefused(AccessError, "operators"):
            self._letters().with_user(self.viewer).action_replay_cause()
        with self.assertRaises(AccessError):
            self._replay(user=self.viewer)

    def test_messages_of_another_company_are_left_alone(self):
        self._emit_units("BOX", 1)
        self._send_mapped()
        stranger = self._user(
            "stranger", "mfg_integration_queue.group_operator", self.other_company
        )
        replay = self._replay(user=stranger, kind="dead")
        replay.action_preview()
        self.assertFalse(replay.dead_ids)
        self.assertEqual(replay.message_count, 0)

    def test_decision_is_not_rewritten(self):
        self._emit_units("BOX", 1)
        self._send_mapped()
        letter = self._letters().with_user(self.operator)
        letter.action_replay()
        for user in (self.operator, self.env.ref("base.user_admin")):
            decision = letter.decision_id.with_user(user)
            with self.assertRaises(UserError):
                decision.write({"note": "Other"})
            with self.assertRaises(UserError):
                decision.unlink()


@tagged("post_install", "-at_install")
class TestInboundReplay(ReplayMixin, InboundMappingCase):
    """The same for messages that came in."""

    def test_iq_34_inbound_all_with_one_cause(self):
        words = self._map("Announcements", [("Line runs", "GO")])
        self._declare(
            self.note.version_ids,
            {"path": "text", "kind": "value", "value_map_id": words.id},
        )
        for text in ["STOP"] * 12 + ["HALT", "GO"]:
            self._take_in({"text": text})
        self._process_due()
        exceptions = self.env["mfg.integration.inbox.exception"].search(
            [("system_id", "=", self.system.id)], order="inbox_ref"
        )
        self.assertEqual(len(exceptions), 13)
        self._entries(words, [("Line stops", "STOP")])
        replay = self._opened(
            exceptions[5].with_user(self.operator).action_replay_cause()
        )
        self.assertEqual(replay.message_count, 12)
        self.assertEqual(replay.exception_ids, exceptions[:10])
        replay.note = NOTE
        replay.action_replay()
        self.assertEqual(exceptions[:12].decision_id.message_count, 12)
        self.assertEqual(exceptions[:12].decision_id.note, NOTE)
        self.assertEqual(exceptions[12].state, "open")
        states = self._process_due().mapped("state")
        self.assertEqual(states, ["processed"] * 12 + ["dead", "processed"])
        self.assertEqual(
            len(self._notes().filtered(lambda each: "Line stops" in each.body)), 12
        )
