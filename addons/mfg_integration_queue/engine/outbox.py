"""Transactional outbox: what `emit()` buffers until the transaction is flushed.

Entries reach the database in one statement when Odoo flushes the cursor, before each of
its savepoints and before COMMIT. Odoo's own savepoints empty the buffer on rollback;
those opened with ``flush=False`` or by plain SQL tell nobody. So every entry and every
flush bears a mark: a number in a session setting, which PostgreSQL itself takes back with
the savepoint. Where the setting has gone back, the entries marked later were rolled back,
and entries marked before but written later have to be written once more.
"""

import itertools

from odoo.sql_db import db_connect
from odoo.tools import SQL

from .sql_arrays import literal
from .wakeup import news, notify

_OUTBOX = "mfg_integration_queue.outbox"
_REGISTERED = "mfg_integration_queue.outbox_registered"
_SETTING = "mfg_integration.outbox_mark"
_marks = itertools.count(1)

_EVENT_COLUMNS = (
    ("uuid", "uuid"),
    ("aggregatetype", "varchar"),
    ("aggregateid", "varchar"),
    ("type", "varchar"),
    ("subject", "varchar"),
    ("payload", "jsonb"),
    ("payload_sha256", "varchar"),
    ("keys", "jsonb"),
    ("interface_id", "integer"),
    ("interface_version_id", "integer"),
    ("company_id", "integer"),
    ("user_id", "integer"),
    ("res_model", "varchar"),
    ("res_id", "integer"),
    ("traceparent", "varchar"),
    ("occurred_at", "timestamp"),
)
_DELIVERY_COLUMNS = (
    ("ord", "integer"),
    ("endpoint_id", "integer"),
    ("part", "smallint"),
    ("lane", "varchar"),
    ("class", "smallint"),
    ("max_age_hours", "integer"),
    ("due_minutes", "integer"),
)


def _unnest(columns):
    return ", ".join(f"%s::{sql_type}[]" for _name, sql_type in columns)


def _names(columns, prefix=""):
    return ", ".join(f"{prefix}{name}" for name, _type in columns)


# `tx` is evaluated before `id`: the transaction has its number before it draws one from
# the sequence, so a worker that sees all transactions below an xmin finished has also
# seen every event id they drew (see reader.py).
_INSERT = f"""
    WITH src AS MATERIALIZED (
        SELECT pg_current_xact_id() AS tx,
               nextval('mfg_integration_event_id_seq') AS id,
               timezone('UTC', now()) AS created_at,
               e.*
          FROM unnest({_unnest(_EVENT_COLUMNS)}) WITH ORDINALITY
               AS e({_names(_EVENT_COLUMNS)}, ord)
    ), event AS (
        INSERT INTO mfg_integration_event
               (id, created_at, tx, {_names(_EVENT_COLUMNS[:-1])}, occurred_at)
        SELECT id, created_at, tx, {_names(_EVENT_COLUMNS[:-1])},
               COALESCE(occurred_at, timezone('UTC', clock_timestamp()))
          FROM src
         ORDER BY id
    ), delivery AS (
    INSERT INTO mfg_integration_delivery
           (event_id, event_at, interface_id, endpoint_id, company_id, part, lane, class,
            deadline_at, due_at)
    SELECT src.id, src.created_at, src.interface_id, d.endpoint_id, src.company_id,
           d.part, d.lane, d.class,
           timezone('UTC', clock_timestamp()) + d.max_age_hours * interval '1 hour',
           timezone('UTC', clock_timestamp()) + d.due_minutes * interval '1 minute'
      FROM unnest({_unnest(_DELIVERY_COLUMNS)}) AS d({_names(_DELIVERY_COLUMNS)})
      JOIN src USING (ord)
     ORDER BY src.id, d.endpoint_id
    )
    SELECT set_config(%s, %s, false)
"""


class Outbox:
    """The events of one transaction."""

    def __init__(self, cr):
        self._cr = cr
        self.routes = {}  # interface code → route, looked up once a transaction
        self._waiting = []  # (mark, event values, delivery values)
        self._written = []  # (mark of the flush, entries)
        self._marks = []  # those in force, the newest last
        self._sql_count = None  # statements of the cursor when the last mark was set

    @classmethod
    def of(cls, env):
        """Return the outbox of the current transaction, ready to append."""
        cr = env.cr
        outbox = cr.postcommit.data.get(_OUTBOX)
        if outbox is None:
            outbox = cr.postcommit.data[_OUTBOX] = cls(cr)
            cr.postcommit.add(outbox._check_committed)
            cr.postcommit.add(outbox._tell_workers)
        if _REGISTERED not in cr.precommit.data:
            # first use since a flush, or since a rollback of Odoo's emptied the hooks
            cr.precommit.data[_REGISTERED] = True
            outbox._waiting.clear()
            cr.precommit.add(outbox._flush)
        return outbox

    @staticmethod
    def forget_routes(cr):
        """The configuration changed inside the transaction."""
        outbox = cr.postcommit.data.get(_OUTBOX)
        if outbox:
            outbox.routes.clear()

    def append(self, event, deliveries):
        """Buffer one event (dict of ``_EVENT_COLUMNS``) and its deliveries (tuples of
        ``_DELIVERY_COLUMNS`` without ``ord``)."""
        if not self._untouched():
            self._set_mark()
        self._waiting.append((self._marks[-1], event, deliveries))

    def _untouched(self):
        """Tell whether no statement, hence no savepoint, came since the last mark."""
        return self._cr.sql_log_count == self._sql_count

    def _set_mark(self):
        mark = str(next(_marks))
        self._cr.execute(
            "SELECT current_setting(%s, true), set_config(%s, %s, false)",
            [_SETTING, _SETTING, mark],
        )
        self._catch_up(self._cr.fetchone()[0])
        self._marks.append(mark)
        self._sql_count = self._cr.sql_log_count

    def _catch_up(self, current_mark):
        """Follow the savepoints that were rolled back since the last mark was set."""
        while self._marks and self._marks[-1] != current_mark:
            self._marks.pop()
        in_force = set(self._marks)
        written, self._written = self._written, []
        for flush_mark, entries in written:
            if flush_mark in in_force:
                self._written.append((flush_mark, entries))
            else:
                self._waiting = entries + self._waiting
        self._waiting = [entry for entry in self._waiting if entry[0] in in_force]

    def _flush(self):
        # A hook that runs after this one may emit again: it has to register anew.
        self._cr.precommit.data.pop(_REGISTERED, None)
        if not self._untouched():
            self._set_mark()
        if self._waiting:
            entries, self._waiting = self._waiting, []
            self._lock_records([event for _mark, event, _deliveries in entries])
            mark = str(next(_marks))
            _insert(self._cr, entries, mark)
            self._written.append((mark, entries))
            self._marks.append(mark)
            self._sql_count = self._cr.sql_log_count

    def _check_committed(self):
        """Write again what a savepoint took with it although it was older, when nothing
        was flushed between its rollback and the commit."""
        if self._untouched():
            return
        self._cr.execute("SELECT current_setting(%s, true)", [_SETTING])
        self._catch_up(self._cr.fetchone()[0])
        self._cr.connection.rollback()  # do not leave the question's transaction open
        if self._waiting:
            with db_connect(self._cr.dbname).cursor() as cr:
                _insert(cr, self._waiting, "")

    def _tell_workers(self):
        """Wake them for the partitions that have something new; nobody need hear of an
        event that goes nowhere."""
        entries = self._waiting + [
            entry for _mark, written in self._written for entry in written
        ]
        partitions = {
            (endpoint_id, part)
            for _mark, _event, deliveries in entries
            for endpoint_id, part, *_rest in deliveries
        }
        if partitions:
            notify(self._cr, news(partitions))

    def _lock_records(self, events):
        """Serialise transactions that emit for one record without writing it: the order
        of their events is then the order of their commits."""
        ids_by_table = {}
        for event in events:
            if event["res_table"]:
                ids_by_table.setdefault(event["res_table"], set()).add(event["res_id"])
        for table, ids in sorted(ids_by_table.items()):
            self._cr.execute(
                SQL(
                    "SELECT 1 FROM %s WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
                    SQL.identifier(table),
                    sorted(ids),
                )
            )


def _insert(cr, entries, mark):
    """Write events and deliveries and set the mark of this flush."""
    events = [event for _mark, event, _deliveries in entries]
    rows = [
        (ord_, *delivery)
        for ord_, (_mark, _event, deliveries) in enumerate(entries, start=1)
        for delivery in deliveries
    ]
    cr.execute(
        _INSERT,
        [literal([event[name] for event in events]) for name, _type in _EVENT_COLUMNS]
        + [literal(column) for column in zip(*rows, strict=True)]
        + [_SETTING, mark],
    )
