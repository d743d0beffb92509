"""Every statement of the delivery engine against the runtime tables."""

import time
from collections import Counter
from dataclasses import dataclass

from . import outbound_mapping
from .lanes import FOREVER, Delivery
from .outcome import Outcome
from .prepared import Prepared
from .sql_arrays import literal

#: rows of late commits taken at once; where there are more, their streams are read again
LATE_CAP = 2000

_COLUMNS = """
    d.id, d.event_id, d.endpoint_id, d.part, d.lane, d.interface_id, d.company_id,
    d.attempts, d.crashes,
    CASE WHEN d.dead_id IS NOT NULL THEN NULL
         ELSE COALESCE(EXTRACT(epoch FROM d.next_at - timezone('UTC', clock_timestamp())), 0)
    END::float8,
    EXTRACT(epoch FROM d.deadline_at - timezone('UTC', clock_timestamp()))::float8,
    e.uuid::text, e.type, e.subject,
    to_char(e.occurred_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    e.traceparent, e.payload::text, e.interface_version_id, d.class
"""
_EVENT = (
    "JOIN mfg_integration_event e ON e.id = d.event_id AND e.created_at = d.event_at"
)

# One statement, hence one snapshot: what streams have beyond their marks, what the
# transactions that were open at the last read left behind, and which are open now.
_FETCH = f"""
    WITH seen AS MATERIALIZED (
        SELECT ARRAY(SELECT pg_snapshot_xip(s)::text) AS open FROM pg_current_snapshot() s
    )
    SELECT seen.open, d.late, {_COLUMNS}
      FROM seen
 LEFT JOIN ((
           SELECT false AS late, f.*
             FROM unnest(%(endpoints)s::integer[], %(parts)s::integer[],
                         %(classes)s::integer[], %(marks)s::bigint[])
                  AS o(endpoint_id, part, class, mark)
            CROSS JOIN LATERAL (
                  SELECT *
                    FROM mfg_integration_delivery
                   WHERE endpoint_id = o.endpoint_id AND part = o.part AND class = o.class
                     AND id > o.mark
                   ORDER BY id
                   LIMIT %(limit)s
                  ) f
        UNION ALL
           (SELECT true, l.*
              FROM unnest(%(late)s::xid8[]) AS open(tx)
             CROSS JOIN LATERAL (
                  SELECT * FROM mfg_integration_delivery WHERE tx = open.tx OFFSET 0
                  ) l
             ORDER BY l.id
             LIMIT {LATE_CAP + 1})
           ) d
           {_EVENT}
           ) ON true
     ORDER BY d.id
"""
_FETCH_OLDER = f"""
    SELECT {_COLUMNS}
      FROM unnest(%(endpoints)s::integer[], %(lanes)s::varchar[], %(ids)s::bigint[])
           AS o(endpoint_id, lane, id)
     CROSS JOIN LATERAL (
           SELECT *
             FROM mfg_integration_delivery
            WHERE endpoint_id = o.endpoint_id AND lane = o.lane AND id < o.id
            ORDER BY id
            LIMIT %(limit)s
           ) d
      {_EVENT}
     ORDER BY d.id
"""
_FETCH_LANE = f"""
    SELECT {_COLUMNS}
      FROM mfg_integration_delivery d
      {_EVENT}
     WHERE d.endpoint_id = %s AND d.lane = %s AND d.id > %s
     ORDER BY d.id
     LIMIT %s
"""
_PARKED = """
    SELECT id, attempts,
           CASE WHEN dead_id IS NOT NULL THEN NULL
                ELSE COALESCE(EXTRACT(epoch FROM next_at - timezone('UTC', clock_timestamp())), 0)
           END::float8
      FROM mfg_integration_delivery
     WHERE id = ANY(%s)
"""

# What an attempt leaves behind. `ago` is how long before this statement it started, by
# the worker's monotonic clock: times in the database come from the database's clock.
_RESULT = """
    r AS (
        SELECT *
          FROM unnest(%(id)s::bigint[], %(ago)s::float8[], %(duration)s::float8[],
                      %(status)s::integer[], %(code)s::varchar[], %(excerpt)s::varchar[],
                      %(secret)s::integer[], %(delay)s::float8[], %(reason)s::varchar[],
                      %(cause)s::varchar[], %(counted)s::integer[], %(via)s::integer[])
               AS r(delivery_id, ago, duration, status, code, excerpt, secret_id, delay,
                    reason, cause, counted, via)
    )"""
_ATTEMPT = """
    INSERT INTO mfg_integration_attempt
           (delivery_id, event_id, interface_id, endpoint_id, company_id, attempt_no,
            started_at, duration_ms, status, error_code, excerpt, worker, secret_id)
    SELECT id, event_id, interface_id, via, company_id, attempts + 1, started_at,
           duration * 1000, status, code, excerpt, %(worker)s, secret_id
      FROM done
"""
_DONE_COLUMNS = """
    d.id, d.event_id, d.event_at, d.interface_id, d.endpoint_id, d.company_id, d.lane,
    d.class, d.created_at, d.due_at, d.first_attempt_at, r.duration, r.status, r.code,
    r.excerpt, r.secret_id, r.reason, r.cause, COALESCE(r.via, d.endpoint_id) AS via,
    timezone('UTC', clock_timestamp()) - r.ago * interval '1 second' AS started_at
"""
# A message of a paused endpoint may be older than an integer counts milliseconds.
_LOG = """
    log AS (
        INSERT INTO mfg_integration_delivery_log
               (id, event_id, event_at, interface_id, endpoint_id, company_id, lane, class,
                outcome, attempts, created_at, due_at, first_attempt_at, latency_ms,
                last_error_code, last_status)
        SELECT id, event_id, event_at, interface_id, endpoint_id, company_id, lane, class,
               %(outcome)s, attempts + 1, created_at, due_at,
               COALESCE(first_attempt_at, started_at),
               LEAST(EXTRACT(epoch FROM started_at + duration * interval '1 second'
                                        - created_at) * 1000, 2147483647),
               code, status
          FROM done
    )"""
_FINISH = f"""
    WITH {_RESULT},
    done AS (
        DELETE FROM mfg_integration_delivery d USING r
         WHERE d.id = r.delivery_id
     RETURNING {_DONE_COLUMNS}, d.attempts
    ),
    {_LOG}
    {_ATTEMPT}
"""
_RETRY = f"""
    WITH {_RESULT},
    done AS (
        UPDATE mfg_integration_delivery d
           SET attempts = d.attempts + r.counted,
               crashes = 0,
               next_at = timezone('UTC', clock_timestamp()) + r.delay * interval '1 second',
               first_attempt_at = COALESCE(d.first_attempt_at,
                   timezone('UTC', clock_timestamp()) - r.ago * interval '1 second'),
               last_error_code = r.code,
               last_status = r.status
          FROM r
         WHERE d.id = r.delivery_id
     RETURNING {_DONE_COLUMNS}, d.attempts - r.counted AS attempts
    )
    {_ATTEMPT}
"""
_DEAD_LETTER = """
    letter AS (
        INSERT INTO mfg_integration_dead
               (id, delivery_ref, event_ref, event_uuid, interface_id, endpoint_id,
                company_id, owner_id, state, reason, error_code, status, excerpt, cause,
                attempts, blocking, create_uid, create_date, write_uid, write_date)
        SELECT done.dead_id, done.id, done.event_id, e.uuid, done.interface_id, done.endpoint_id,
               done.company_id, COALESCE(i.exception_owner_id, i.owner_id), 'open',
               done.reason, done.code, done.status, done.excerpt, done.cause,
               done.attempts + 1, %(blocking)s, 1, timezone('UTC', clock_timestamp()), 1,
               timezone('UTC', clock_timestamp())
          FROM done
          JOIN mfg_integration_event e ON e.id = done.event_id AND e.created_at = done.event_at
          JOIN mfg_integration_interface i ON i.id = done.interface_id
    )"""
_DEAD = f"""
    WITH {_RESULT},
    done AS (
        DELETE FROM mfg_integration_delivery d USING r
         WHERE d.id = r.delivery_id
     RETURNING {_DONE_COLUMNS}, d.attempts,
               nextval('mfg_integration_dead_id_seq') AS dead_id
    ),
    {_LOG},
    {_DEAD_LETTER}
    {_ATTEMPT}
"""
# The delivery of a blocking interface stays in the hot table: it holds its lane.
_DEAD_BLOCKING = f"""
    WITH {_RESULT},
    done AS (
        UPDATE mfg_integration_delivery d
           SET attempts = d.attempts + 1,
               next_at = NULL,
               dead_id = nextval('mfg_integration_dead_id_seq'),
               first_attempt_at = COALESCE(d.first_attempt_at,
                   timezone('UTC', clock_timestamp()) - r.ago * interval '1 second'),
               last_error_code = r.code,
               last_status = r.status
          FROM r
         WHERE d.id = r.delivery_id
     RETURNING {_DONE_COLUMNS}, d.attempts - 1 AS attempts, d.dead_id
    ),
    {_DEAD_LETTER}
    {_ATTEMPT}
"""


@dataclass(slots=True)
class Attempted:
    """A delivery with the outcome of its attempt and the dispatcher's decision."""

    delivery: Delivery
    outcome: Outcome
    #: monotonic time the attempt started
    started_at: float = 0.0
    #: seconds until the next attempt
    delay: float | None = None
    #: why the delivery is dead
    reason: str | None = None
    #: whether it uses up one of the attempts: not while the endpoint is known to be down
    counted: bool = True
    #: whether it stands for the request: one of each batch does
    is_call: bool = True
    #: endpoint that was called: the delivery's own or its alternate
    via: int | None = None


@dataclass(slots=True)
class Window:
    """How far one stream has been read."""

    #: highest id read in order
    mark: int = 0
    #: transactions that were open at the last read: what they wrote may lie below the mark
    open: tuple = ()


class Store:
    """Reads and writes through one cursor, which the dispatcher keeps in autocommit."""

    def __init__(self, cursor, worker):
        """
        :param worker: name that attempts are recorded under
        """
        self._cursor = cursor
        self._worker = worker
        self._fetch = Prepared(
            cursor,
            _FETCH,
            endpoints="integer[]",
            parts="integer[]",
            classes="integer[]",
            marks="bigint[]",
            late="xid8[]",
            limit="bigint",
        )

    def configure_session(self, settings):
        """Set settings of PostgreSQL on the connection.

        :param dict settings: {name: text}
        """
        for name, value in settings.items():
            self._cursor.execute("SELECT set_config(%s, %s, false)", [name, value])

    # reading

    def fetch(self, windows, limit):
        """Read the next deliveries of each stream, oldest first, and move its window.

        :param windows: (endpoint id, part, class) → :class:`Window`
        :param limit: rows per stream
        :return: (deliveries, stream → how many of them lay beyond its mark)
        """
        now = time.monotonic()
        late = {tx for window in windows.values() for tx in window.open}
        self._fetch.execute(
            {
                "endpoints": [stream[0] for stream in windows],
                "parts": [stream[1] for stream in windows],
                "classes": [stream[2] for stream in windows],
                "marks": [window.mark for window in windows.values()],
                "late": list(late),
                "limit": limit,
            },
        )
        rows = self._cursor.fetchall()
        for window in windows.values():
            window.open = tuple(rows[0][0])
        late_ids = [row[2] for row in rows if row[1]]
        if len(late_ids) > LATE_CAP:
            return [], self._rewind(windows, late_ids[0] - 1, limit)
        marks = {stream: window.mark for stream, window in windows.items()}
        deliveries, counts = [], Counter()
        for _open, late, *row in rows:
            if late is None:
                continue  # there is nothing new
            delivery = _delivery(row, now)
            stream = delivery.endpoint_id, delivery.part, delivery.cls
            if late and delivery.id > marks.get(stream, 0):
                continue  # of another partition, or read in its turn
            deliveries.append(delivery)
            if not late:
                windows[stream].mark = delivery.id
                counts[stream] += 1
        return deliveries, counts

    def _rewind(self, windows, mark, limit):
        """Read streams again from a mark on, as if nothing had come now."""
        for window in windows.values():
            window.mark = min(window.mark, mark)
        return Counter(dict.fromkeys(windows, limit))

    def fetch_older(self, lanes, limit):
        """Read what lies before a delivery in its lane.

        :param lanes: (endpoint id, lane) → id
        """
        params = {
            "endpoints": [endpoint_id for endpoint_id, _lane in lanes],
            "lanes": [lane for _endpoint_id, lane in lanes],
            "ids": list(lanes.values()),
            "limit": limit,
        }
        return self._deliveries(_FETCH_OLDER, params)

    def fetch_lane(self, partition, lane, after, limit):
        """Read what follows ``after`` in one lane."""
        return self._deliveries(_FETCH_LANE, [partition[0], lane, after, limit])

    def parked(self, ids):
        """Return id → (monotonic due time, attempts) of the deliveries that exist."""
        now = time.monotonic()
        self._cursor.execute(_PARKED, [ids])
        return {
            id_: (FOREVER if due_in is None else now + due_in, attempts)
            for id_, attempts, due_in in self._cursor.fetchall()
        }

    def _deliveries(self, query, params):
        now = time.monotonic()
        self._cursor.execute(query, params)
        return [_delivery(row, now) for row in self._cursor.fetchall()]

    def map_payloads(self, plans, deliveries):
        """Put deliveries into the receivers' words, see :func:`.outbound_mapping.prepare`."""
        return (
            outbound_mapping.prepare(self._cursor, plans, deliveries) if plans else {}
        )

    # writing

    def finish(self, attempted):
        """Record deliveries the receiver accepted."""
        self._record(_FINISH, attempted, outcome="delivered")

    def retry(self, attempted):
        """Record failed attempts and when the next ones are due."""
        self._record(_RETRY, attempted)

    def bury(self, attempted, blocking):
        """Turn deliveries into dead letters.

        :param blocking: the lane stops behind them until a person decides
        """
        query = _DEAD_BLOCKING if blocking else _DEAD
        self._record(query, attempted, outcome="dead", blocking=blocking)

    def _record(self, query, attempted, **params):
        if not attempted:
            return
        now = time.monotonic()
        outcomes = [each.outcome for each in attempted]
        columns = dict(
            id=[each.delivery.id for each in attempted],
            ago=[now - each.started_at for each in attempted],
            duration=[outcome.duration for outcome in outcomes],
            status=[outcome.status for outcome in outcomes],
            code=[outcome.error_code for outcome in outcomes],
            excerpt=[outcome.excerpt for outcome in outcomes],
            secret=[outcome.secret_id for outcome in outcomes],
            delay=[each.delay for each in attempted],
            reason=[each.reason for each in attempted],
            cause=[outcome.cause for outcome in outcomes],
            counted=[int(each.counted) for each in attempted],
            via=[each.via for each in attempted],
        )
        params.update({name: literal(column) for name, column in columns.items()})
        self._cursor.execute(query, {**params, "worker": self._worker})


def _delivery(row, now):
    return Delivery(
        *row[:9],
        FOREVER if row[9] is None else now + row[9],
        FOREVER if row[10] is None else now + row[10],
        *row[11:],
    )
