import time
from contextlib import contextmanager
from shutil import which
from unittest import skipUnless

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, HttpCase, tagged
from odoo.tools import mute_logger

from odoo.addons.mfg_audit_trail.engine import context
from odoo.addons.mfg_integration_queue.engine.outcome import Verdict
from odoo.addons.mfg_integration_queue.engine.problem import Problem
from odoo.addons.mfg_integration_queue.tests.mapping_common import (
    InboundMappingCase,
    OutboundMappingCase,
)

from .common import SuiteCase

OPERATOR = "mfg_integration_queue.group_operator"
AUDITOR = "mfg_audit_trail.group_auditor,mfg_integration_queue.group_viewer"


class IncidentCase(OutboundMappingCase, InboundMappingCase, SuiteCase):
    """An interface whose values are translated, captured by the audit trail."""

    #: what each person does is one
    _transactions = 0

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # That the trail was read is recorded on a connection of its own.
        if not cls.registry.in_test_mode():
            cls.registry.enter_test_mode(cls.cr)
            cls.addClassCleanup(cls.registry.leave_test_mode)
        cls.auditor = cls._user("auditor", AUDITOR)
        cls.clerk = cls._user("clerk", f"{OPERATOR},base.group_partner_manager")
        cls.foreign_auditor = cls._user("auditor", AUDITOR, cls.other_company)
        cls.countries = cls._map("Countries", [("DE", "Germany"), ("AT", "Austria")])
        cls._declare(
            cls.interface.version_ids,
            {"path": "country", "kind": "value", "value_map_id": cls.countries.id},
        )
        cls.env.flush_all()
        cls.env.ref("mfg_audit_trail.profile_integration").action_switch_on()
        cls.env["mfg.audit.rule"].create(
            {"model_id": cls.env["ir.model"]._get_id("res.partner")}
        )

    def _attempted(self, delivery, verdict, **values):
        """An attempt that fails at this moment."""
        attempted = super()._attempted(delivery, verdict, **values)
        attempted.started_at = time.monotonic()
        return attempted

    @contextmanager
    def at_work(self, user):
        """What somebody does on the screen: to the audit trail a transaction of its own."""
        env = self.env(
            user=user.id, context={"allowed_company_ids": user.company_id.ids}
        )
        self.env.flush_all()
        with context.part(env, origin="ui", uid=user.id):
            self._end_transaction()
            yield env
            env.flush_all()
            self._end_transaction()
        self.env.invalidate_all()

    def _end_transaction(self):
        """Give what was recorded the number of another transaction, with which the trail
        begins anew, though the test is one transaction."""
        self.env.cr.execute("SET CONSTRAINTS ALL IMMEDIATE")
        IncidentCase._transactions += 1
        for table in ("event", "tx", "receipt"):
            self.env.cr.execute(f"ALTER TABLE mfg_audit.{table} DISABLE TRIGGER USER")
            self.env.cr.execute(
                f"UPDATE mfg_audit.{table} SET xid = %s"
                " WHERE xid = pg_current_xact_id()::text::bigint",
                [4_000_000_000 + IncidentCase._transactions],
            )
            self.env.cr.execute(f"ALTER TABLE mfg_audit.{table} ENABLE TRIGGER USER")
        self.env.cr.execute("SET CONSTRAINTS ALL DEFERRED")
        self.env.cr.execute("SELECT set_config('mfg_audit.running', '', true)")

    def incident(self, user=None, interface=None, **values):
        user = user or self.clerk
        env = self.env(
            user=user.id, context={"allowed_company_ids": user.company_id.ids}
        )
        return env["mfg.suite.incident"].create(
            {
                "interface_id": (interface or self.interface).id,
                "company_id": self.company.id,
                **values,
            }
        )

    def story(self, incident, user):
        """What somebody reads in an incident."""
        self.env.flush_all()
        self.env.invalidate_all()
        context_ = {"allowed_company_ids": user.company_id.ids}
        return incident.with_env(self.env(user=user.id, context=context_)).story

    def told(self, story, question):
        return [
            (row["who"], row["what"], row["about"])
            for row in story["rows"]
            if question in row["questions"]
        ]

    def break_and_repair(self):
        """Somebody takes a translation out, a message fails, somebody puts it right."""
        with self.at_work(self.integrator) as env:
            entry = self.countries.line_ids.filtered(
                lambda each: each.internal_value == "AT"
            )
            entry.with_env(env).unlink()
            self.endpoint.with_env(env).url = "https://mes.example/changed"
        self._emit(payload={"country": "AT"}, user=self.person)
        self._send_mapped()
        letter = self._letters()
        with self.at_work(self.clerk) as env:
            env["mfg.integration.value.map.line"].create(
                {
                    "map_id": self.countries.id,
                    "internal_value": "AT",
                    "external_value": "Austria",
                }
            )
            self.record.with_env(env).name = "Pump of Graz"
            letter = letter.with_env(env)
            letter.message_post(
                body="The entry was removed by mistake.", message_type="comment"
            )
            letter.remediation_note = "Austria is back in the map."
            letter.action_replay()
        self._send_mapped()
        return letter


@tagged("post_install", "-at_install")
class TestIncident(IncidentCase):
    """Who changed an interface, what failed, which data, how it was put right."""

    def test_at_39_four_answers_for_an_auditor_in_the_order_of_time(self):
        letter = self.break_and_repair()
        story = self.story(self.incident(), self.auditor)
        self.assertFalse(story["notes"])
        self.assertFalse(story["undecided"])
        integrator, clerk = self.integrator.name, self.clerk.name
        changes = self.told(story, "change")
        self.assertIn(
            (integrator, "Changed", "Integration Endpoint: MES events"), changes
        )
        self.assertIn(
            (integrator, "Deleted", "Integration Value Map Entry: AT"), changes
        )
        (change,) = [
            change
            for row in story["rows"]
            for change in row["changes"]
            if change["field"] == "url" and row["what"] == "Changed"
        ]
        self.assertEqual(change["old"], "https://mes.example/events")
        self.assertEqual(change["new"], "https://mes.example/changed")
        (failure,) = [row for row in story["rows"] if "failure" in row["questions"]]
        self.assertEqual(failure["message"], letter.event_uuid)
        self.assertEqual(
            (failure["model"], failure["res_id"]), (letter._name, letter.id)
        )
        self.assertIn("AT", failure["detail"])
        (effect,) = [row for row in story["rows"] if "effect" in row["questions"]]
        self.assertEqual(
            (effect["model"], effect["res_id"], effect["about"]),
            ("res.partner", self.record.id, "Pump"),
        )
        remedies = self.told(story, "remedy")
        self.assertIn((clerk, "Created", "Integration Value Map Entry: AT"), remedies)
        self.assertIn((clerk, "Changed", "Contact: Pump of Graz"), remedies)
        self.assertIn((clerk, "Remark", "Pump"), remedies)
        self.assertIn((clerk, "Sent again", "Messages: 1"), remedies)
        self.assertIn(("MES events", "Taken by the other side", "Pump"), remedies)
        self.assertFalse([each for each in remedies if each[0] == integrator])
        self.assertEqual(
            [row["at"] for row in story["rows"]],
            sorted(row["at"] for row in story["rows"]),
        )
        # The message bears the time at which this test's transaction began.
        order = [row["questions"][0] for row in story["rows"]]
        order.remove("effect")
        self.assertEqual(order[0], "change")
        self.assertLess(order.index("failure"), order.index("remedy"))
        decision = next(row for row in story["rows"] if row["what"] == "Sent again")
        self.assertEqual(decision["detail"], "Austria is back in the map.")

    def test_at_39_each_row_opens_what_it_tells_of(self):
        self.break_and_repair()
        story = self.story(self.incident(), self.auditor)
        env = self.env(user=self.auditor.id)
        for row in story["rows"]:
            record = env[row["model"]].browse(row["res_id"])
            self.assertTrue(record.exists(), row)

    def test_at_39_inbound_message_and_what_came_of_it(self):
        texts = self._map("Texts")
        self._declare(
            self.note.version_ids,
            {"path": "text", "kind": "value", "value_map_id": texts.id},
        )
        message = self._take_in({"text": "Hallo"})
        self._process_due()
        with self.at_work(self.clerk) as env:
            self._exception().with_env(env).remediation_note = "Text added"
            env["mfg.integration.value.map.line"].create(
                {
                    "map_id": texts.id,
                    "internal_value": "Hello",
                    "external_value": "Hallo",
                }
            )
            self._exception().with_env(env).action_resubmit()
        self._process_due()
        story = self.story(self.incident(interface=self.note), self.auditor)
        (failure,) = [row for row in story["rows"] if "failure" in row["questions"]]
        self.assertEqual(failure["message"], message.uuid)
        (effect,) = [row for row in story["rows"] if "effect" in row["questions"]]
        self.assertEqual(
            (effect["model"], effect["res_id"]), (self.system._name, self.system.id)
        )
        remedies = [what for _who, what, _about in self.told(story, "remedy")]
        self.assertIn("Processed again", remedies)
        self.assertIn("Processed", remedies)

    def test_at_39_refused_message_is_a_failure_without_data(self):
        story = self.story(self.incident(interface=self.note), self.auditor)
        self.assertFalse(self.told(story, "failure"))
        self.env["mfg.integration.inbox"]._reject(
            self._new_message(),
            Problem("IN-422", errors=[{"pointer": "/text", "detail": "is missing"}]),
        )
        story = self.story(self.incident(interface=self.note), self.auditor)
        ((who, what, _about),) = self.told(story, "failure")
        self.assertEqual(who, self.system.name)
        self.assertIn("Refused", what)
        self.assertFalse(self.told(story, "effect"))

    def _new_message(self):
        caller = self.env["mfg.integration.credential"]._lookup(self.credential.prefix)
        route = self.inbox._route(self.note.code)
        headers = {"content-type": "application/json"}
        return self.inbox._new_message(caller, route, headers, b"{}", "127.0.0.1")

    def test_at_39_other_plant_sees_nothing(self):
        self.break_and_repair()
        incident = self.incident()
        for stranger in (self.foreign_auditor, self.stranger):
            env = self.env(
                user=stranger.id,
                context={"allowed_company_ids": self.other_company.ids},
            )
            found = env["mfg.suite.incident"].search([("id", "=", incident.id)])
            self.assertFalse(found)
            with self.assertRaises(AccessError):
                incident.with_env(env).read(["name", "story"])
            # nor before an incident is saved
            since = incident.since
            with self.assertRaisesRegex(AccessError, "invalid companies"):
                unsaved = env["mfg.suite.incident"].new(
                    {
                        "interface_id": self.interface.id,
                        "company_id": self.company.id,
                        "since": since,
                    }
                )
                self.assertFalse(unsaved.story)
            own = env["mfg.suite.incident"].create({"interface_id": self.interface.id})
            self.assertFalse(self.told(own.story, "failure"))
            self.assertFalse(self.told(own.story, "effect"))
            # Its own subscription names the endpoint; what that is like stays hidden.
            self.assertNotIn("Integration Endpoint", str(own.story))
            self.assertNotIn("https://mes.example", str(own.story))

    def test_at_39_operator_without_the_audit_trail(self):
        self.break_and_repair()
        story = self.story(self.incident(), self.clerk)
        self.assertIn("Audit Trail: Auditor", story["notes"][0])
        self.assertNotIn("https://mes.example/changed", str(story))
        self.assertTrue(self.told(story, "failure"))
        self.assertIn(
            (self.clerk.name, "Entry of a value map", "Countries"),
            self.told(story, "change"),
        )

    def test_at_39_auditor_is_told_that_nothing_is_captured(self):
        self.env.ref("mfg_audit_trail.profile_integration").action_switch_off()
        story = self.story(self.incident(), self.auditor)
        self.assertIn("switches the profile", story["notes"][0])

    def test_at_39_no_secret_and_no_confidential_value(self):
        with self.at_work(self.integrator) as env:
            self.endpoint.with_env(env).action_rotate_secret()
        token = self.endpoint.sudo().secret_ids[0].token
        story = self.story(self.incident(), self.auditor)
        self.assertIn("Integration Signing Secret", str(self.told(story, "change")))
        self.assertNotIn(token, str(story))
        texts = self._map("Texts")
        self._declare(
            self.note.version_ids,
            {"path": "text", "kind": "value", "value_map_id": texts.id},
            masked_paths="text",
        )
        self._take_in({"text": "ATLANTIS"})
        self._process_due()
        story = self.story(self.incident(interface=self.note), self.auditor)
        self.assertTrue(self.told(story, "failure"))
        self.assertNotIn("ATLANTIS", str(story))

    def test_at_39_hundred_messages_take_as_many_queries_as_one(self):
        incident = self.incident()

        def queries():
            self.env.flush_all()
            self.env.invalidate_all()
            reader = incident.with_env(
                self.env(
                    user=self.auditor.id,
                    context={"allowed_company_ids": self.company.ids},
                )
            )
            before = self.env.cr.sql_log_count
            story = reader.story
            return len(story["rows"]), self.env.cr.sql_log_count - before

        self._fail_and_replay(1)
        queries()
        few, one = queries()
        self._fail_and_replay(100)
        many, hundred = queries()
        self.assertGreater(many, few + 300)
        self.assertEqual(hundred, one)

    def _fail_and_replay(self, count):
        for number in range(count):
            self._emit(record=self._record(f"Valve {number}"), user=self.person)
        self.store.bury(
            [
                self._attempted(
                    each,
                    Verdict.DEAD,
                    reason="refused",
                    result={"status": 422, "error_code": "HTTP-422", "excerpt": "no"},
                )
                for each in self._fetch()
            ],
            blocking=False,
        )
        self.env.invalidate_all()
        letters = self._letters().filtered(lambda each: each.state == "open")
        with self.at_work(self.clerk) as env:
            for letter in letters.with_env(env):
                letter.message_post(body="Looked at.", message_type="comment")
            letters.with_env(env).action_replay()
        self._deliver()

    # -- the record itself ---------------------------------------------------------------

    def test_from_a_dead_letter_and_from_my_exceptions(self):
        letter = self._dead_letter()
        action = letter.with_user(self.clerk).action_report_incident()
        env = self.env(user=self.clerk.id, context=action["context"])
        with Form(env["mfg.suite.incident"]) as form:
            self.assertEqual(form.interface_id, self.interface)
            self.assertLess(form.since, letter.create_date)
        incident = form.record
        self.assertEqual(incident.company_id, self.company)
        self.assertRegex(incident.name, r"^INC/\d{4}/\d+$")
        self.assertEqual(incident.user_id, self.clerk)
        (row,) = self._rows(self.clerk, [("kind", "=", "outbound")])
        self.assertEqual(row.action_report_incident()["res_id"], incident.id)
        interface = self.interface.with_user(self.clerk)
        self.assertEqual(interface.incident_count, 1)
        self.assertEqual(
            incident.search(interface.action_open_incidents()["domain"]), incident
        )

    def test_only_messages_belong_to_an_incident(self):
        self._capture_gap()
        (row,) = self._rows(self.person, [("kind", "=", "audit")])
        with self.assertRaisesRegex(UserError, "messages of an interface"):
            row.action_report_incident()

    def test_closed_with_a_conclusion_only_and_then_it_stays(self):
        incident = self.incident()
        with self.assertRaisesRegex(UserError, "Conclusion"):
            incident.action_close()
        with self.assertRaisesRegex(UserError, "buttons"):
            incident.state = "closed"
        incident.conclusion = "An entry was removed; the map has an owner now."
        incident.action_close()
        self.assertEqual(
            (incident.state, incident.closed_by_id), ("closed", self.clerk)
        )
        self.assertTrue(incident.until)
        with self.assertRaisesRegex(UserError, "is closed"):
            incident.conclusion = "Something else"
        incident.action_reopen()
        self.assertEqual(incident.state, "open")

    def test_viewers_read_only(self):
        incident = self.incident(conclusion="Known")
        for action in ("action_close", "action_reopen"):
            with self.assertRaises(AccessError):
                getattr(incident.with_user(self.viewer), action)()
        with self.assertRaises(AccessError):
            incident.with_user(self.viewer).conclusion = "x"
        with self.assertRaises(AccessError):
            incident.with_user(self.employee).read(["name"])
        with self.assertRaises(AccessError):
            incident.unlink()

    def test_period_that_ends_before_it_begins(self):
        with self.assertRaisesRegex(ValidationError, "not after"):
            self.incident(since="2026-02-01 00:00:00", until="2026-01-01 00:00:00")

    def test_at_39_printed_for_an_auditor(self):
        self.break_and_repair()
        incident = self.incident(conclusion="The map has an owner now.")
        reports = self.env(
            user=self.auditor.id, context={"allowed_company_ids": self.company.ids}
        )["ir.actions.report"]
        self.env.flush_all()
        name = "mfg_suite.mfg_suite_incident_report"
        page = reports._render_qweb_html(name, incident.ids)[0].decode()
        for text in (
            incident.name,
            "The map has an owner now.",
            "https://mes.example/changed",
            "Austria is back in the map.",
            self.integrator.name,
        ):
            self.assertIn(text, page)

    def test_profiles_name_models_that_exist(self):
        """All modules are installed here, so what is not found was mistyped."""
        profiles = self.env["mfg.audit.profile"].search([])
        missing = [
            name
            for profile in profiles
            for name in profile._models()
            if name.startswith("mfg.") and name not in self.env
        ]
        self.assertFalse(missing)


@tagged("post_install", "-at_install")
class TestIncidentScreen(IncidentCase, HttpCase):
    """The report as an auditor of the plant sees it in the browser, and on paper."""

    def test_at_39_auditor_reads_and_opens(self):
        self.break_and_repair()
        self.incident()
        self.auditor.write({"login": "suite-tour", "password": "suite-tour"})
        self.start_tour(
            "/web#action=mfg_suite.mfg_suite_incident_action",
            "mfg_suite_incident",
            login="suite-tour",
        )

    @skipUnless(which("wkhtmltopdf"), "wkhtmltopdf is not installed")
    def test_at_39_printed_as_pdf(self):
        self.break_and_repair()
        incident = self.incident()
        reports = self.env(
            user=self.auditor.id, context={"allowed_company_ids": self.company.ids}
        )["ir.actions.report"].with_context(force_report_rendering=True)
        self.env.flush_all()
        # wkhtmltopdf of a distribution warns of what it does without.
        with mute_logger("odoo.addons.base.models.ir_actions_report"):
            content, kind = reports._render_qweb_pdf(
                "mfg_suite.mfg_suite_incident_report", incident.ids
            )
        self.assertEqual(kind, "pdf")
        self.assertTrue(content.startswith(b"%PDF"))
