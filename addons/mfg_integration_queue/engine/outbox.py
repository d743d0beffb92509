"""Transactional outbox: what `emit()` buffers until the transaction is flushed.

Entries wait in ``cr.precommit.data`` and reach the database in one statement when Odoo
flushes the cursor, before each of its savepoints and before COMMIT. Odoo's own savepoints
clear that buffer on rollback; savepoints opened with ``flush=False`` or by plain SQL do
not. A marker in a transaction-local setting, which PostgreSQL itself takes back with the
savepoint, tells which entries belong to a part that was rolled back.
"""

import itertools

from odoo.tools import SQL

from .wakeup import notify_after_commit

_BUFFER = "mfg_integration_queue.outbox"
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
)


def _unnest(columns):
    return ", ".join(f"%s::{sql_type}[]" for _name, sql_type in columns)


def _names(columns, prefix=""):
    return ", ".join(f"{prefix}{name}" for name, _type in columns)


# `tx` is evaluated before `id`: the transaction has its number before it draws one from
# the sequence, so a worker that sees all transactions below an xmin finished has also
# seen every event id they drew (see Store.rescan).
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
    )
    INSERT INTO mfg_integration_delivery
           (event_id, event_at, interface_id, endpoint_id, company_id, part, lane, class,
            deadline_at)
    SELECT src.id, src.created_at, src.interface_id, d.endpoint_id, src.company_id,
           d.part, d.lane, d.class,
           timezone('UTC', clock_timestamp()) + d.max_age_hours * interval '1 hour'
      FROM unnest({_unnest(_DELIVERY_COLUMNS)}) AS d({_names(_DELIVERY_COLUMNS)})
      JOIN src USING (ord)
     ORDER BY src.id
"""


class Outbox:
    """The entries one cursor has buffered since its last flush."""

    def __init__(self, cr):
        self._cr = cr
        self._entries = []  # (mark, event values, delivery values of the event)
        self._sql_count = None

    @classmethod
    def of(cls, env):
        """Return the buffer of ``env.cr``, registering its flush on first use."""
        cr = env.cr
        outbox = cr.precommit.data.get(_BUFFER)
        if outbox is None:
            outbox = cr.precommit.data[_BUFFER] = cls(cr)
            cr.precommit.add(outbox._flush)
            notify_after_commit(cr)
        return outbox

    def append(self, event, deliveries):
        """Buffer one event (dict of ``_EVENT_COLUMNS``) and its deliveries (tuples of
        ``_DELIVERY_COLUMNS`` without ``ord``)."""
        self._entries.append((self._mark(), event, deliveries))

    def _mark(self):
        """Return the marker of the innermost open savepoint as PostgreSQL sees it."""
        if self._entries and self._cr.sql_log_count == self._sql_count:
            # no statement since the last entry, hence no savepoint either
            return self._entries[-1][0]
        mark = str(next(_marks))
        self._cr.execute(
            "SELECT current_setting(%s, true), set_config(%s, %s, true)",
            [_SETTING, _SETTING, mark],
        )
        self._drop_rolled_back(self._cr.fetchone()[0])
        self._sql_count = self._cr.sql_log_count
        return mark

    def _drop_rolled_back(self, current_mark):
        while self._entries and self._entries[-1][0] != current_mark:
            self._entries.pop()

    def _flush(self):
        # A hook that runs after this one may emit again: it must find no buffer, so that
        # it registers a flush of its own.
        self._cr.precommit.data.pop(_BUFFER, None)
        if not self._entries:
            return
        if self._cr.sql_log_count != self._sql_count:
            self._cr.execute("SELECT current_setting(%s, true)", [_SETTING])
            self._drop_rolled_back(self._cr.fetchone()[0])
        entries, self._entries = self._entries, []
        if entries:
            self._lock_records([event for _mark, event, _deliveries in entries])
            self._insert(entries)

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

    def _insert(self, entries):
        events = [event for _mark, event, _deliveries in entries]
        rows = [
            (ord_, *delivery)
            for ord_, (_mark, _event, deliveries) in enumerate(entries, start=1)
            for delivery in deliveries
        ]
        columns = list(zip(*rows, strict=True)) or [()] * len(_DELIVERY_COLUMNS)
        self._cr.execute(
            _INSERT,
            [[event[name] for event in events] for name, _type in _EVENT_COLUMNS]
            + [list(column) for column in columns],
        )
