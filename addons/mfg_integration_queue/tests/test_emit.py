import json
from datetime import date, datetime, timedelta, timezone

from odoo.exceptions import UserError
from odoo.tests.common import tagged

from .common import QueueCase, trap_events


@tagged("post_install", "-at_install")
class TestEmit(QueueCase):
    """An event exists if, and only if, what it tells of was committed."""

    def test_event_tells_what_happened(self):
        with trap_events(self.env) as trap:
            self._emit(payload={"quantity": 3.5, "unit": "kg", "note": "Grün — ✓"})
        (event,) = trap.events
        self.assertEqual(event["type"], "mfg.note.changed.v1")
        self.assertEqual(event["aggregatetype"], "note")
        self.assertEqual(event["subject"], "Pump")
        self.assertEqual(
            event["payload"], {"quantity": 3.5, "unit": "kg", "note": "Grün — ✓"}
        )
        self.assertEqual(event["company_id"], self.company.id)
        self.assertEqual(event["user_id"], self.employee.id)
        self.assertEqual(
            (event["res_model"], event["res_id"]), ("res.partner", self.record.id)
        )
        self.assertEqual(event["endpoint_ids"], self.endpoint.ids)

    def test_one_event_goes_to_every_subscriber(self):
        second = self._endpoint("Archive")
        self._subscribe(self.interface, second, self.company)
        with trap_events(self.env) as trap:
            self._emit()
        (event,) = trap.events
        self.assertEqual(event["endpoint_ids"], (self.endpoint | second).ids)

    def test_dates_become_iso_in_utc(self):
        moment = datetime(2026, 3, 1, 12, 30, 15)
        with trap_events(self.env) as trap:
            self._emit(
                payload={
                    "naive": moment,
                    "aware": moment.replace(tzinfo=timezone(timedelta(hours=2))),
                    "day": date(2026, 3, 1),
                },
                occurred_at=moment,
            )
        (event,) = trap.events
        self.assertEqual(
            event["payload"],
            {
                "naive": "2026-03-01T12:30:15Z",
                "aware": "2026-03-01T10:30:15Z",
                "day": "2026-03-01",
            },
        )
        self.assertEqual(event["occurred_at"], moment)

    def test_order_is_the_order_of_the_calls(self):
        with trap_events(self.env) as trap:
            for number in range(5):
                self._emit(payload={"n": number})
            self.env.cr.execute("SELECT 1")
            for number in range(5, 8):
                self._emit(payload={"n": number})
        self.assertEqual([e["payload"]["n"] for e in trap.events], list(range(8)))

    def test_configuration_changed_in_the_same_transaction_counts(self):
        self._emit()
        second = self._endpoint("Archive")
        self._subscribe(self.interface, second, self.company)
        with trap_events(self.env) as trap:
            self._emit()
        self.assertIn(second.id, trap.events[0]["endpoint_ids"])

    # rollback

    def test_iq_01_savepoint_takes_its_events_back(self):
        with trap_events(self.env) as trap:
            self._emit(payload={"n": 1})
            with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
                self._emit(payload={"n": 2})
                raise ZeroDivisionError
            self._emit(payload={"n": 3})
        self.assertEqual([e["payload"]["n"] for e in trap.events], [1, 3])

    def test_iq_01_savepoint_without_flush_takes_its_events_back(self):
        with trap_events(self.env) as trap:
            self._emit(payload={"n": 1})
            savepoint = self.env.cr.savepoint(flush=False)
            self._emit(payload={"n": 2})
            savepoint.rollback()
            self._emit(payload={"n": 3})
            savepoint.close(rollback=False)
        self.assertEqual([e["payload"]["n"] for e in trap.events], [1, 3])

    def test_iq_01_plain_sql_savepoints_take_their_events_back(self):
        cr = self.env.cr
        with trap_events(self.env) as trap:
            cr.execute("SAVEPOINT outer_one")
            self._emit(payload={"n": 1})
            cr.execute("SAVEPOINT inner_one")
            self._emit(payload={"n": 2})
            cr.execute("ROLLBACK TO SAVEPOINT inner_one")
            self._emit(payload={"n": 3})
            cr.execute("ROLLBACK TO SAVEPOINT outer_one")
            self._emit(payload={"n": 4})
            cr.execute("SAVEPOINT kept")
            self._emit(payload={"n": 5})
            cr.execute("RELEASE SAVEPOINT kept")
        self.assertEqual([e["payload"]["n"] for e in trap.events], [4, 5])

    def test_iq_01_events_flushed_inside_a_savepoint_go_with_it(self):
        cr = self.env.cr
        with trap_events(self.env) as trap:
            self._emit(payload={"n": 1})
            cr.execute("SAVEPOINT outer_one")
            self._emit(payload={"n": 2})
            cr.flush()
            self._emit(payload={"n": 3})
            cr.execute("ROLLBACK TO SAVEPOINT outer_one")
            self.assertEqual([e["payload"]["n"] for e in trap.events], [1])
            self._emit(payload={"n": 4})
        self.assertEqual([e["payload"]["n"] for e in trap.events], [1, 4])

    def test_iq_01_cleared_transaction_forgets_its_events(self):
        with trap_events(self.env) as trap:
            self._emit()
            self.env.cr.clear()
        self.assertFalse(trap.events)

    def test_hook_that_runs_at_commit_may_emit(self):
        with trap_events(self.env) as trap:
            self._emit(payload={"n": 1})
            self.env.cr.precommit.add(lambda: self._emit(payload={"n": 2}))
        self.assertEqual([e["payload"]["n"] for e in trap.events], [1, 2])

    # cost

    def test_statements_do_not_grow_with_events(self):
        records = self.env["res.partner"].create(
            [{"name": f"Pump {n}", "company_id": self.company.id} for n in range(101)]
        )
        records = records.with_user(self.employee)
        self.env.flush_all()
        emit = records.env["mfg.integration.event"].emit
        self._emit()  # reads the interface, which is cached from then on
        counts = []
        for batch in (records[:1], records[1:]):
            batch.mapped(lambda record: (record.name, record.company_id))
            self.env.cr.flush()
            before = self.env.cr.sql_log_count
            for record in batch:
                emit("note.changed", record, {"n": 1})
            self.env.cr.flush()
            counts.append(self.env.cr.sql_log_count - before)
        # the mark, the record lock, one INSERT
        self.assertEqual(counts[0], counts[1])
        self.assertLessEqual(counts[0], 3)

    # bad input: a clear error that names it, and nothing half done

    def _assert_refused(self, pattern, **options):
        with trap_events(self.env) as trap:
            with self.assertRefused(UserError, pattern):
                self._emit(**options)
        self.assertFalse(trap.events)

    def test_unknown_interface(self):
        self._assert_refused("no outbound interface “stock.gone”", code="stock.gone")

    def test_inbound_interface(self):
        self._interface("note.received", "Note received", direction="inbound")
        self._assert_refused("no outbound interface", code="note.received")

    def test_archived_interface(self):
        self.interface.active = False
        self._assert_refused("no outbound interface “note.changed”")

    def test_context_brings_no_archived_subscription_back(self):
        second = self._endpoint("Archived")
        self._subscribe(self.interface, second, self.company).active = False
        record = self.record.with_context(active_test=False).with_user(self.employee)
        record.env["mfg.integration.event"].emit("note.changed", record, {"n": 1})
        self._emit()
        self.assertEqual(self._deliveries().endpoint_id, self.endpoint)

    def test_interface_without_approved_contract(self):
        self.subscription.unlink()
        self.interface.version_ids.sudo().write({"state": "retired"})
        self._assert_refused("Note changed .* has no approved contract")

    def test_record_of_another_company(self):
        self.interface.company_id = self.company
        foreign = self._record("Foreign", self.other_company)
        self._assert_refused(
            "Foreign belongs to Plant Two, which interface Note changed",
            record=foreign,
            user=self.env.user,
        )

    def test_company_nobody_subscribed_for(self):
        foreign = self._record("Foreign", self.other_company)
        self._assert_refused(
            "no endpoint for Plant Two", record=foreign, user=self.env.user
        )

    def test_payload_must_be_an_object(self):
        self._assert_refused(
            "note.changed” about Pump .* a dict is needed", payload=[1, 2]
        )

    def test_payload_that_is_not_json(self):
        loop = {}
        loop["self"] = loop
        for payload, cause in (
            ({"a": b"bytes"}, "bytes"),
            ({"a": float("nan")}, "JSON compliant"),
            ({"a": float("inf")}, "JSON compliant"),
            ({"a": "nul \0"}, "NUL"),
            ({"a": "lone \ud800"}, "surrogates"),
            ({"a": self.record}, "res.partner"),
            ({(1, 2): "key"}, "keys must be"),
            (loop, "Circular"),
            ({"a": "x" * 1024 * 1024}, "at most 1048576"),
        ):
            with self.subTest(cause=cause):
                self._assert_refused(cause, payload=payload)

    def test_escaped_backslash_is_not_a_nul(self):
        with trap_events(self.env) as trap:
            self._emit(payload={"a": "\\u0000"})
        self.assertEqual(trap.events[0]["payload"], {"a": "\\u0000"})

    def test_no_payload_and_nobody_who_builds_one(self):
        sequence = self.env["ir.sequence"].create(
            {"name": "Mute", "company_id": self.company.id}
        )
        with self.assertRefused(UserError, "_mfg_integration_payload"):
            self.env["mfg.integration.event"].emit("note.changed", sequence)

    def test_several_records(self):
        with self.assertRaises(ValueError):
            self._emit(record=self.record | self._record("Second"))

    def test_unsaved_record(self):
        with self.assertRefused(UserError, "Save"):
            self._emit(record=self.env["res.partner"].new({"name": "Draft"}))

    def test_ordering_key_that_is_too_long(self):
        self._assert_refused("longer than 200", key="k" * 201)

    def test_not_available_over_rpc(self):
        for record in (self.record.id, [self.record.id], json.dumps({"id": 1})):
            with self.assertRefused(UserError, "RPC"):
                self.env["mfg.integration.event"].with_user(self.employee).emit(
                    "note.changed", record, {}
                )

    def test_trigger_asks_whether_anybody_listens(self):
        interfaces = self.env["mfg.integration.interface"]
        self.assertTrue(interfaces._has_subscribers("note.changed", self.company))
        self.assertFalse(
            interfaces._has_subscribers("note.changed", self.other_company)
        )
        self.assertFalse(interfaces._has_subscribers("stock.gone", self.company))
        self.subscription.active = False
        self.assertFalse(interfaces._has_subscribers("note.changed", self.company))
