"""Every statement of the delivery engine against the state of endpoints.

The state is shared by all workers of a database: whoever sees an endpoint fail or recover
writes it down, and the others follow within a second.
"""

from dataclasses import dataclass

from .wakeup import CHANNEL, GATES

#: seconds over which the share of failures is judged, from the first failure on
WINDOW = 30
#: calls in the window below which the share says nothing
MIN_CALLS = 10

_BREAKER = f"""
    s.endpoint_id, s.breaker, s.breaker_reason,
    EXTRACT(epoch FROM CASE s.breaker WHEN 'open' THEN s.open_until
                                      WHEN 'half_open' THEN s.probe_until
                       END - timezone('UTC', clock_timestamp()))::float8,
    s.failures_in_a_row > 0
        OR COALESCE(s.window_from > timezone('UTC', clock_timestamp())
                                    - interval '{WINDOW} seconds', false)
"""
_ENSURE = """
    INSERT INTO mfg_integration_endpoint_state (endpoint_id)
    SELECT id FROM unnest(%s::integer[]) AS e(id)
        ON CONFLICT DO NOTHING
"""
_READ = f"""
    SELECT {_BREAKER}
      FROM mfg_integration_endpoint_state s
     WHERE s.endpoint_id = ANY(%s)
"""
# The innermost query locks the row, so that the counts of two workers add up.
_TALLY = f"""
    UPDATE mfg_integration_endpoint_state s
       SET failures_in_a_row = n.in_a_row,
           window_from = n.window_from,
           window_calls = n.calls,
           window_failures = n.failures,
           breaker = CASE WHEN n.opens THEN 'open' ELSE s.breaker END,
           breaker_since = CASE WHEN n.opens THEN n.now ELSE s.breaker_since END,
           breaker_reason = CASE WHEN n.opens THEN %(reason)s ELSE s.breaker_reason END,
           open_seconds = CASE WHEN n.opens THEN n.pause ELSE s.open_seconds END,
           open_until = CASE WHEN n.opens THEN n.now + n.pause * interval '1 second'
                             ELSE s.open_until END
      FROM (
           SELECT t.*,
                  t.breaker = 'closed'
                      AND (t.in_a_row >= %(in_a_row_limit)s
                           OR t.calls >= {MIN_CALLS} AND t.failures * 2 >= t.calls) AS opens
             FROM (
                  SELECT o.endpoint_id, o.breaker, o.now,
                         CASE WHEN %(succeeded)s THEN 0 ELSE o.failures_in_a_row END
                             + %(trailing)s AS in_a_row,
                         CASE WHEN o.runs THEN o.window_from
                              WHEN %(failures)s > 0 THEN o.now END AS window_from,
                         CASE WHEN o.runs THEN o.window_calls ELSE 0 END + %(calls)s AS calls,
                         CASE WHEN o.runs THEN o.window_failures ELSE 0 END
                             + %(failures)s AS failures,
                         LEAST(GREATEST(%(pause)s::float8, %(retry_after)s::float8),
                               %(longest)s::float8) AS pause
                    FROM (
                         SELECT endpoint_id, breaker, failures_in_a_row, window_from,
                                window_calls, window_failures,
                                timezone('UTC', clock_timestamp()) AS now,
                                COALESCE(window_from > timezone('UTC', clock_timestamp())
                                         - interval '{WINDOW} seconds', false) AS runs
                           FROM mfg_integration_endpoint_state
                          WHERE endpoint_id = %(endpoint_id)s
                            FOR UPDATE
                         ) o
                  ) t
           ) n
     WHERE s.endpoint_id = n.endpoint_id
 RETURNING {_BREAKER}, n.opens
"""
_PROBE = """
    UPDATE mfg_integration_endpoint_state
       SET breaker = 'half_open',
           probe_until = timezone('UTC', clock_timestamp()) + %(patience)s * interval '1 second'
     WHERE endpoint_id = %(endpoint_id)s
       AND (breaker = 'open' AND open_until <= timezone('UTC', clock_timestamp())
            OR breaker = 'half_open' AND probe_until <= timezone('UTC', clock_timestamp()))
 RETURNING 1
"""
_REOPEN = f"""
    UPDATE mfg_integration_endpoint_state s
       SET breaker = 'open',
           breaker_reason = COALESCE(%(reason)s, breaker_reason),
           open_seconds = n.pause,
           open_until = timezone('UTC', clock_timestamp()) + n.pause * interval '1 second'
      FROM (
           SELECT LEAST(GREATEST(open_seconds * 2, %(retry_after)s::float8),
                        %(longest)s::float8) AS pause
             FROM mfg_integration_endpoint_state
            WHERE endpoint_id = %(endpoint_id)s
           ) n
     WHERE s.endpoint_id = %(endpoint_id)s AND s.breaker = 'half_open'
 RETURNING {_BREAKER}
"""
_RELEASE = f"""
    UPDATE mfg_integration_endpoint_state s
       SET breaker = 'open', open_until = timezone('UTC', clock_timestamp())
     WHERE endpoint_id = %(endpoint_id)s AND breaker = 'half_open'
 RETURNING {_BREAKER}
"""
_CLOSE = f"""
    UPDATE mfg_integration_endpoint_state s
       SET breaker = 'closed',
           breaker_since = timezone('UTC', clock_timestamp()),
           breaker_reason = NULL,
           open_seconds = NULL, open_until = NULL, probe_until = NULL,
           failures_in_a_row = 0,
           window_from = NULL, window_calls = 0, window_failures = 0
     WHERE endpoint_id = %(endpoint_id)s AND breaker <> 'closed'
 RETURNING {_BREAKER}
"""
# What is granted moves a point in time onwards; it may reach up to now, and what was not
# asked for is forgotten but for a short burst.
_TOKENS = """
    UPDATE mfg_integration_endpoint_state s
       SET rate_at = g.at + g.granted / %(rate)s * interval '1 second'
      FROM (
           SELECT t.now, t.at,
                  LEAST(%(wanted)s, floor(EXTRACT(epoch FROM t.now - t.at)::float8
                                          * %(rate)s + 0.001))::float8 AS granted
             FROM (
                  SELECT o.now,
                         GREATEST(COALESCE(o.rate_at, '-infinity'),
                                  o.now - %(burst)s * interval '1 second') AS at
                    FROM (
                         SELECT rate_at, timezone('UTC', clock_timestamp()) AS now
                           FROM mfg_integration_endpoint_state
                          WHERE endpoint_id = %(endpoint_id)s
                            FOR UPDATE
                         ) o
                  ) t
           ) g
     WHERE s.endpoint_id = %(endpoint_id)s
 RETURNING g.granted::integer,
           EXTRACT(epoch FROM s.rate_at + interval '1 second' / %(rate)s - g.now)::float8
"""
#: seconds of a rate that may be used at once after a pause
BURST = 0.25


@dataclass(slots=True)
class Breaker:
    """The breaker of one endpoint as the database has it."""

    endpoint_id: int
    state: str = "closed"
    reason: str | None = None
    #: seconds until a probe may be tried; None while closed
    probe_in: float | None = None
    #: failures are being counted: successes matter now
    alert: bool = False


@dataclass(slots=True)
class Tally:
    """Calls to one endpoint since they were last written down."""

    calls: int = 0
    failures: int = 0
    #: failures since the last success
    trailing: int = 0
    succeeded: bool = False
    reason: str | None = None
    retry_after: float = 0.0


class EndpointStates:
    """Reads and writes through one cursor in autocommit."""

    def __init__(self, cursor):
        self._cursor = cursor

    def ensure(self, endpoint_ids):
        """Have a row for each of the endpoints."""
        self._cursor.execute(_ENSURE, [list(endpoint_ids)])

    def read(self, endpoint_ids):  # pylint: disable=method-required-super
        """Return the :class:`Breaker` of each endpoint."""
        self._cursor.execute(_READ, [list(endpoint_ids)])
        return [Breaker(*row) for row in self._cursor.fetchall()]

    def tally(self, endpoint, tally):
        """Add calls to the counts and open the breaker if they are bad enough.

        :param endpoint: :class:`.settings.EndpointSettings`
        :param tally: :class:`Tally`
        :return: the :class:`Breaker` after that, None for an endpoint that is gone
        """
        self._cursor.execute(
            _TALLY,
            {
                "endpoint_id": endpoint.id,
                "calls": tally.calls,
                "failures": tally.failures,
                "trailing": tally.trailing,
                "succeeded": tally.succeeded,
                "reason": tally.reason,
                "retry_after": tally.retry_after,
                "in_a_row_limit": endpoint.breaker_failures,
                "pause": endpoint.breaker_pause,
                "longest": endpoint.breaker_longest,
            },
        )
        row = self._cursor.fetchone()
        if row and row[-1]:
            self._tell()
        return row and Breaker(*row[:-1])

    def try_probe(self, endpoint_id, patience):
        """Become the one worker that probes an endpoint.

        :param patience: seconds after which the probe counts as lost
        :return: whether this worker may send one message
        """
        self._cursor.execute(_PROBE, {"endpoint_id": endpoint_id, "patience": patience})
        return self._cursor.fetchone() is not None

    def release_probe(self, endpoint_id):
        """The probe was never sent: whoever comes next may probe."""
        self._cursor.execute(_RELEASE, {"endpoint_id": endpoint_id})
        row = self._cursor.fetchone()
        return row and Breaker(*row)

    def reopen(self, endpoint, reason, retry_after=None):
        """The probe failed: stay away twice as long as before."""
        self._cursor.execute(
            _REOPEN,
            {
                "endpoint_id": endpoint.id,
                "reason": reason,
                "retry_after": retry_after or 0.0,
                "longest": endpoint.breaker_longest,
            },
        )
        row = self._cursor.fetchone()
        self._tell()
        return row and Breaker(*row)

    def close(self, endpoint_id):
        """The probe was answered: back to normal."""
        self._cursor.execute(_CLOSE, {"endpoint_id": endpoint_id})
        row = self._cursor.fetchone()
        self._tell()
        return row and Breaker(*row)

    def take_tokens(self, endpoint_id, rate, wanted):
        """Take from the allowance of an endpoint.

        :param rate: messages a second
        :return: (how many may be sent, seconds until the next one may)
        """
        self._cursor.execute(
            _TOKENS,
            {
                "endpoint_id": endpoint_id,
                "rate": float(rate),
                "wanted": wanted,
                "burst": max(1 / rate, BURST),
            },
        )
        return self._cursor.fetchone() or (0, 1.0)

    def note_contacts(self, last_ok, last_error):
        """Write down when each endpoint last answered well or failed.

        :param last_ok: endpoint ids
        :param last_error: endpoint id → error code
        """
        for endpoint_id in last_ok:
            self._cursor.execute(
                """
                UPDATE mfg_integration_endpoint_state
                   SET last_ok_at = timezone('UTC', clock_timestamp())
                 WHERE endpoint_id = %s
                """,
                [endpoint_id],
            )
        for endpoint_id, code in last_error.items():
            self._cursor.execute(
                """
                UPDATE mfg_integration_endpoint_state
                   SET last_error_at = timezone('UTC', clock_timestamp()),
                       last_error_code = %s
                 WHERE endpoint_id = %s
                """,
                [code, endpoint_id],
            )

    def pause(self, endpoint_id, reason, age):
        """Pause an endpoint on the receiver's own request.

        :param age: seconds since the request was sent that the receiver answered
        :return: False if it was paused already, or resumed since then
        """
        self._cursor.execute(
            """
            UPDATE mfg_integration_endpoint_state
               SET paused_at = timezone('UTC', clock_timestamp()),
                   paused_by = NULL,
                   paused_reason = %s
             WHERE endpoint_id = %s AND paused_at IS NULL
               AND (resumed_at IS NULL OR resumed_at
                    < timezone('UTC', clock_timestamp()) - make_interval(secs => %s))
            """,
            [reason, endpoint_id, age],
        )
        return bool(self._cursor.rowcount)

    def _tell(self):
        # autocommit: this is a transaction of its own, see wakeup.py
        self._cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, GATES])
