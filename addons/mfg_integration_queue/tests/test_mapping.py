import json

from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests.common import Form, tagged
from odoo.tools import mute_logger

from ..engine.problem import Problem
from .mapping_common import InboundMappingCase, OutboundMappingCase

UNIT = {"path": "quantity.unit", "kind": "unit", "quantity_field": "value"}
QUANTITY = {"quantity": {"value": 2, "unit": "t"}}


@tagged("post_install", "-at_install")
class TestOutboundMapping(OutboundMappingCase):
    """The receiver gets its own words; what has none waits for a person."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.units = cls._map("Units", [("t", "KGM", {"factor": 1000})], kind="unit")
        cls.version = cls.interface.version_ids
        cls._declare(cls.version, {**UNIT, "value_map_id": cls.units.id})

    def test_message_is_sent_in_the_words_of_the_receiver(self):
        self._emit(payload=QUANTITY)
        self.assertEqual(
            self._send_mapped(), [{"quantity": {"value": 2000, "unit": "KGM"}}]
        )
        delivery = self._deliveries()
        self.assertEqual(delivery.state, "delivered")
        self.assertEqual(json.loads(delivery.payload), QUANTITY, "as it was emitted")

    def test_missing_translation_is_a_letter_with_an_owner(self):
        self._emit(payload={"quantity": {"value": 1, "unit": "BOX"}})
        self.assertEqual(self._send_mapped(), [])
        letter = self._letters().with_user(self.operator)
        self.assertEqual(letter.owner_id, self.operator)
        self.assertEqual(letter.error_code, "MAP-001")
        self.assertEqual(letter.reason, "mapping")
        self.assertEqual(letter.cause, "Units: “BOX” has no translation")
        self.assertIn("no translation", letter.error_id.name)
        self.assertIn("value map", letter.suggestion)

    def test_entry_of_the_system_comes_first(self):
        other = self.env["mfg.integration.system"].create(
            {"name": "WMS", "code": "wms-one", "company_id": self.company.id}
        )
        self._entries(
            self.units,
            [
                ("t", "TON", {"system_id": self.system.id}),
                ("t", "WMS-T", {"system_id": other.id}),
            ],
        )
        self._emit(payload=QUANTITY)
        self.assertEqual(self._send_mapped()[0]["quantity"]["unit"], "TON")

    def test_added_entry_counts_from_the_next_message_on(self):
        self._entries(self.units, [("pc", "C62")])
        self._emit(payload={"quantity": {"value": 1, "unit": "pc"}})
        self.assertEqual(
            self._send_mapped(), [{"quantity": {"value": 1, "unit": "C62"}}]
        )

    def test_cross_reference_names_the_record_over_there(self):
        other = self._record("Valve")
        self.record.ref, other.ref = "P-1", "V-1"
        self._redeclare(self._xref_line("ref"))
        self._xref(self.record, "4711")
        self._xref(self.record, "old-4711", is_primary=False)
        self._emit(payload={"partner": "P-1"})
        self._emit(record=other, payload={"partner": "V-1"})
        self.assertEqual(self._send_mapped(), [{"partner": "4711"}])
        self.assertEqual(self._letters().cause, "Contact: “V-1” has no translation")

    def test_cross_reference_by_id(self):
        self._redeclare(self._xref_line("id"))
        self._xref(self.record, "4711")
        self._emit(payload={"partner": self.record.id})
        self._emit(payload={"partner": "no number"})
        self.assertEqual(self._send_mapped(), [{"partner": "4711"}])

    def test_name_that_two_records_bear_is_not_guessed(self):
        twin = self._record("Twin")
        self.record.ref = twin.ref = "P-1"
        self._redeclare(self._xref_line("ref"))
        self._xref(self.record, "4711")
        self._xref(twin, "4712")
        self._emit(payload={"partner": "P-1"})
        self.assertEqual(self._send_mapped(), [])
        self.assertIn("stands for 2 records", self._letters().cause)

    def test_cross_references_of_other_systems_do_not_count(self):
        other = self.env["mfg.integration.system"].create(
            {"name": "WMS", "code": "wms-one", "company_id": self.company.id}
        )
        self.record.ref = "P-1"
        self._redeclare(self._xref_line("ref"))
        self._xref(self.record, "4711", system_id=other.id)
        self._emit(payload={"partner": "P-1"})
        self.assertEqual(self._send_mapped(), [])

    def test_message_keeps_to_the_version_it_was_emitted_under(self):
        self._emit(payload=QUANTITY)
        self.env.cr.flush()
        second = self.version.sudo().copy({"major": 2, "mapping_line_ids": False})
        second.state = "approved"
        self._emit(payload=QUANTITY)
        units = [each["quantity"]["unit"] for each in self._send_mapped()]
        self.assertEqual(units, ["KGM", "t"])

    def test_interface_without_mapping_has_no_plan(self):
        self.version.sudo().state = "draft"
        self.version.sudo().mapping_line_ids = [Command.clear()]
        self.assertNotIn((self.version.id, self.endpoint.id), self._plans())

    # declaring

    def test_agreed_mapping_does_not_change_but_its_values_do(self):
        line = self.version.mapping_line_ids.with_user(self.integrator)
        for change in (
            lambda: line.write({"path": "other"}),
            line.unlink,
            lambda: line.copy(),
            lambda: self.version.with_user(self.integrator).write(
                {"mapping_shape": "{a: b}"}
            ),
        ):
            with self.assertRefused(UserError, "is approved and cannot be changed"):
                change()
        self.units.line_ids.with_user(self.operator).factor = 999
        self._emit(payload=QUANTITY)
        self.assertEqual(self._send_mapped()[0]["quantity"]["value"], 1998)

    def test_steps_that_cannot_work_are_refused_when_they_are_written(self):
        draft = self.version.sudo().copy({"major": 3}).with_user(self.integrator)
        kind = self.env["ir.model"]._get("res.partner").id
        unit = self._map("Other").id
        for values, pattern in (
            ({"path": "a[0]", "value_map_id": unit}, "is not a path"),
            ({**UNIT, "value_map_id": unit}, "needs a map of the kind"),
            (
                {**UNIT, "value_map_id": self.units.id, "quantity_field": False},
                "name the quantity",
            ),
            ({"path": "a", "kind": "xref"}, "choose the kind of record"),
            (
                {
                    "path": "a",
                    "kind": "xref",
                    "model_id": kind,
                    "key_field": "display_name",
                },
                "cannot name",
            ),
            (
                {"path": "a", "kind": "xref", "model_id": kind, "key_field": "color"},
                "cannot name",
            ),
            (
                {"path": "a", "kind": "xref", "model_id": kind, "key_field": "gone"},
                "cannot name",
            ),
        ):
            with self.subTest(pattern), self.assertRefused(ValidationError, pattern):
                draft.mapping_line_ids = [Command.create(values)]
        with self.assertRefused(ValidationError, "Fields to Keep"):
            draft.mapping_select = "not a path"
        with self.assertRefused(ValidationError, "Shape"):
            draft.mapping_shape = "{broken"

    def test_preview_shows_the_result_or_what_is_missing(self):
        action = self.version.with_user(self.integrator).action_try_mapping()
        form = Form(
            self.env[action["res_model"]]
            .with_user(self.integrator)
            .with_context(**action["context"])
        )
        form.system_id = self.system
        form.message = json.dumps(QUANTITY)
        self.assertEqual(
            json.loads(form.result), {"quantity": {"value": 2000, "unit": "KGM"}}
        )
        self.assertFalse(form.missing)
        form.message = '{"quantity": {"value": 1, "unit": "BOX"}}'
        self.assertEqual(form.missing, "Units: “BOX” has no translation")
        self.assertFalse(form.result)
        form.message = "{"
        self.assertIn("cannot be read", form.missing)

    # maintaining values

    def test_ambiguous_entries_are_refused(self):
        with self.assertRefused(ValidationError, "“t” stands twice"):
            self._entries(self.units, [("t", "TNE")])
        with self.assertRefused(ValidationError, "“KGM” stands twice"):
            self._entries(self.units, [("kg", "KGM")])
        one_way = self._map("States", direction="outbound")
        self._entries(one_way, [("done", "C"), ("closed", "C")])
        with self.assertRefused(ValidationError, "“C” stands twice"):
            one_way.direction = "both"

    def test_change_of_values_is_logged_on_the_map(self):
        self.units.line_ids.with_user(self.operator).external_value = "TNE"
        message = self.units.message_ids[0]
        self.assertIn("t = TNE", message.body)
        self.assertEqual(message.author_id, self.operator.partner_id)

    def test_map_in_use_is_not_deleted(self):
        with self.assertRefused(UserError, "Archive the map instead"):
            self.units.with_user(self.integrator).unlink()

    def test_viewer_maintains_nothing(self):
        for record in (self.units, self.units.line_ids):
            with self.assertRaises(AccessError):
                record.with_user(self.viewer).write({"company_id": False})

    def test_values_of_another_company_are_not_seen(self):
        foreign = self._map("Foreign", [("a", "b")], company_id=self.other_company.id)
        for record in (foreign, foreign.line_ids):
            with self.assertRaises(AccessError):
                record.with_user(self.integrator).check_access_rule("read")

    # maintaining cross references

    def test_cross_reference_is_unique_over_there(self):
        self._xref(self.record, "4711")
        with (
            mute_logger("odoo.sql_db"),
            self.assertRefused(IntegrityError, "external_uniq"),
        ):
            self._xref(self._record("Valve"), " 4711 ")
        with self.assertRefused(ValidationError, "two names to send"):
            self._xref(self.record, "4712")

    def test_cross_reference_needs_a_record_of_the_right_company(self):
        foreign = self._record("Foreign", self.other_company)
        with self.assertRefused(ValidationError, "belongs to Plant Two"):
            self._xref(foreign, "1")
        gone = self._record("Gone")
        gone.unlink()
        with self.assertRefused(ValidationError, "does not exist"):
            self._xref(gone, "1")

    def test_cross_reference_of_another_company_is_not_seen(self):
        xref = self._xref(self.record, "4711")
        stranger = self._user(
            "stranger", "mfg_integration_queue.group_integrator", self.other_company
        )
        with self.assertRaises(AccessError):
            xref.with_user(stranger).check_access_rule("read")

    def _redeclare(self, *lines):
        self.version.sudo().mapping_line_ids = [Command.clear()]
        self._declare(self.version, *lines)

    def _xref_line(self, key):
        return {
            "path": "partner",
            "kind": "xref",
            "model_id": self.env["ir.model"]._get("res.partner").id,
            "key_field": key,
        }

    def _xref(self, record, external_id, **values):
        xref = self.env["mfg.integration.xref"].create(
            {
                "system_id": self.system.id,
                "model_id": self.env["ir.model"]._get(record._name).id,
                "res_id": record.id,
                "external_id": external_id,
                **values,
            }
        )
        self.env.flush_all()
        return xref


@tagged("post_install", "-at_install")
class TestInboundMapping(InboundMappingCase):
    """The handler gets our words; a message that has others waits for a person."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.words = cls._map("Announcements", [("Line stops", "STOP")])
        cls.version = cls.note.version_ids
        cls._declare(
            cls.version,
            {"path": "text", "kind": "value", "value_map_id": cls.words.id},
        )

    def test_handler_sees_our_words(self):
        self._take_in({"text": "STOP"})
        self.assertEqual(self._process_due().state, "processed")
        self.assertIn("Line stops", self._notes().body)

    def test_missing_translation_is_an_exception_with_an_owner(self):
        self._take_in({"text": "GO"})
        message = self._process_due()
        self.assertEqual(message.state, "dead")
        exception = self._exception().with_user(self.operator)
        self.assertEqual(exception.error_code, "MAP-001")
        self.assertEqual(exception.reason, "mapping")
        self.assertEqual(exception.owner_id, self.operator)
        self.assertEqual(exception.error, "Announcements: “GO” has no translation")
        self.assertFalse(self._notes())
        self._entries(self.words, [("Line runs", "GO")])
        exception.action_resubmit()
        self.assertEqual(self._process_due().state, "processed")
        self.assertIn("Line runs", self._notes().body)

    def test_cross_reference_leads_to_our_record(self):
        self.record.ref = "P-1"
        partner = self.env["ir.model"]._get("res.partner").id
        self.env["mfg.integration.xref"].create(
            [
                {
                    "system_id": self.system.id,
                    "model_id": partner,
                    "res_id": self.record.id,
                    "external_id": name,
                    "is_primary": name == "4711",
                }
                for name in ("4711", "old")
            ]
        )
        self.version.sudo().mapping_line_ids = [Command.clear()]
        self._declare(
            self.version,
            {"path": "text", "kind": "xref", "model_id": partner, "key_field": "ref"},
        )
        self._take_in({"text": "4711"})
        self._take_in({"text": "old"})
        self.assertEqual(set(self._process_due().mapped("state")), {"processed"})
        self.assertEqual(
            len(self._notes().filtered(lambda each: "P-1" in each.body)), 2
        )

    def test_waiting_sender_is_told_the_value(self):
        self.note.processing_mode = "sync"
        problem = None
        try:
            self._take_in({"text": "GO"})
        except Problem as error:  # no assertRaises: it would take the rejection back
            problem = error
        self.assertEqual((problem.status, problem.code), (422, "MAP-001"))
        self.assertIn("“GO” has no translation", problem.detail)
        self.assertEqual(self._messages().state, "rejected")

    def test_shape_that_fails_is_not_the_handlers_business(self):
        self._declare(self.version, mapping_shape="text")
        self._take_in({"text": "STOP"})
        self._process_due()
        self.assertEqual(self._exception().error_code, "MAP-002")
