from odoo.tests.common import tagged

from ..engine import retention
from .inbound_common import InboundCase
from .test_delivery import EngineCase


def _age(env, table, column, condition, *params):
    env.cr.execute(
        f"UPDATE {table} SET {column} = {column} - interval '40 days' WHERE {condition}",
        params,
    )


@tagged("post_install", "-at_install")
class TestOutboundRetention(EngineCase):
    """Each contract says how long its messages are kept; what waits is kept."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.interface.retention_days = 30

    def _grow_old(self):
        self.env.cr.flush()
        interface = self.interface.id
        _age(
            self.env,
            "mfg_integration_event",
            "created_at",
            "interface_id = %s",
            interface,
        )
        _age(
            self.env,
            "mfg_integration_delivery",
            "event_at",
            "interface_id = %s",
            interface,
        )
        for column in ("event_at", "finished_at"):
            _age(
                self.env,
                "mfg_integration_delivery_log",
                column,
                "interface_id = %s",
                interface,
            )

    def _counts(self):
        self.env.flush_all()
        self.env.cr.execute(
            """
            SELECT (SELECT count(*) FROM mfg_integration_event WHERE interface_id = %(id)s),
                   (SELECT count(*) FROM mfg_integration_delivery_log
                     WHERE interface_id = %(id)s),
                   (SELECT count(*) FROM mfg_integration_attempt
                     WHERE endpoint_id = %(endpoint)s)
            """,
            {"id": self.interface.id, "endpoint": self.endpoint.id},
        )
        return self.env.cr.fetchone()

    def _forget(self):
        self.env["mfg.integration.interface"]._cron_forget()
        return self._counts()

    def test_delivered_messages_are_deleted_with_all_they_left(self):
        self._emit()
        self._deliver()
        self.assertEqual(self._forget(), (1, 1, 1), "not old enough")
        self._grow_old()
        self.assertEqual(self._forget(), (0, 0, 0))

    def test_kept_for_good(self):
        self.interface.retention_days = 0
        self._emit()
        self._deliver()
        self._grow_old()
        self.assertEqual(self._forget(), (1, 1, 1))

    def test_what_waits_is_kept(self):
        self._emit()
        self._grow_old()
        self.assertEqual(self._forget()[0], 1)
        self.assertEqual(len(self._fetch()), 1)

    def test_open_letter_can_still_be_repeated_and_is_forgotten_once_decided(self):
        self._emit()
        letter = self._bury().with_user(self.operator)
        self._grow_old()
        self.assertEqual(self._forget(), (1, 1, 1))
        letter.remediation_note = "Entered by hand."
        letter.action_cancel()
        self.assertEqual(self._forget(), (0, 0, 0))
        self.assertEqual(letter.state, "cancelled", "the decision stays")

    def test_one_run_has_a_bound_and_tells_that_there_is_more(self):
        for _number in range(3):
            self._emit()
        self._deliver_all()
        self._grow_old()
        counts = []
        while retention.forget(self.env.cr, self.interface.id, 30, limit=2):
            counts.append(self._counts()[1])
        self.assertEqual(counts[0], 1)
        self.assertEqual(self._counts(), (0, 0, 0))

    def _deliver_all(self):
        while self._fetch():
            self._deliver()


@tagged("post_install", "-at_install")
class TestInboundRetention(InboundCase):
    """The same for messages that came in; their keys outlive them."""

    def test_processed_messages_are_deleted_waiting_ones_kept(self):
        self.note.retention_days = 30
        self._take_in(key="done")
        self._process_due()
        self._take_in({"text": " "}, key="dead")
        self._process_due()
        self._take_in(key="waiting")
        _age(
            self.env,
            "mfg_integration_inbox_todo",
            "inbox_at",
            "inbox_id IN (SELECT id FROM mfg_integration_inbox WHERE system_id = %s)",
            self.system.id,
        )
        _age(
            self.env,
            "mfg_integration_inbox",
            "created_at",
            "system_id = %s",
            self.system.id,
        )
        self.env["mfg.integration.interface"]._cron_forget()
        self.assertEqual(set(self._messages().mapped("key")), {"dead", "waiting"})
        self.env.cr.execute(
            "SELECT key FROM mfg_integration_inbox_key WHERE system_id = %s",
            [self.system.id],
        )
        self.assertIn(("done",), self.env.cr.fetchall())

    def test_content_of_decided_exceptions_is_forgotten(self):
        self.note.retention_days = 30
        self._take_in({"text": " "})
        self._process_due()
        exception = self._exception()
        exception.remediation_note = "Told by telephone."
        exception.with_user(self.operator).action_cancel()
        self.env.flush_all()
        _age(
            self.env,
            "mfg_integration_inbox_exception",
            "decided_at",
            "id = %s",
            exception.id,
        )
        self.env["mfg.integration.interface"]._cron_forget()
        self.assertFalse(self._exception().content)
        self.assertEqual(self._exception().remediation_note, "Told by telephone.")
