"""Figures per minute, counted from the logs, each message once.

Log rows bear the time they were written and become visible when their transaction
commits, which may be minutes later. So a minute is counted only when nothing of it can
appear any more: a run notes the time and the transactions that write at that moment, and
a later run that sees all of them ended counts the minutes up to the noted time. What
is not final yet is counted from the logs by every reader. A run is one transaction: one
that dies leaves nothing, and the next does its work.
"""

from .histogram import BOUNDS, BUCKETS

KEY = ("interface_id", "company_id", "system_id", "endpoint_id")
COUNTS = (
    "done",
    "dead",
    "cancelled",
    "rejected",
    "attempts",
    "failures",
    "retries",
    "latency_ms",
)
#: days that figures per minute are kept
KEEP_DAYS = 400

_BASE = "(SELECT base FROM mfg_integration_minute_mark)"
_CANDIDATE = "(SELECT candidate FROM mfg_integration_minute_mark)"
_NOW = "timezone('UTC', clock_timestamp())"


def _facts(since, until):
    """Return the query that counts the logs of a span of time, per minute and key."""
    buckets = ", ".join(
        f"count(*) FILTER (WHERE outcome = 'done' AND bucket = {number})::integer"
        for number in range(BUCKETS)
    )
    return f"""
    SELECT date_trunc('minute', at) AS minute, f.interface_id, f.company_id,
           COALESCE(f.system_id, e.system_id, 0) AS system_id, f.endpoint_id,
           count(*) FILTER (WHERE outcome = 'done')::integer AS done,
           count(*) FILTER (WHERE outcome = 'dead')::integer AS dead,
           count(*) FILTER (WHERE outcome = 'cancelled')::integer AS cancelled,
           count(*) FILTER (WHERE outcome = 'rejected')::integer AS rejected,
           sum(tries)::integer AS attempts,
           sum(failed)::integer AS failures,
           sum(repeated)::integer AS retries,
           COALESCE(sum(latency_ms) FILTER (WHERE outcome = 'done'), 0)::bigint AS latency_ms,
           ARRAY[{buckets}] AS buckets
      FROM (
        SELECT *, width_bucket(latency_ms, ARRAY[{", ".join(map(str, BOUNDS))}]) AS bucket
          FROM (
            SELECT finished_at AS at, interface_id, company_id, NULL::integer AS system_id,
                   endpoint_id, latency_ms, 0 AS tries, 0 AS failed, 0 AS repeated,
                   CASE outcome WHEN 'delivered' THEN 'done'
                                WHEN 'cancelled' THEN 'cancelled' END AS outcome
              FROM mfg_integration_delivery_log
             WHERE finished_at >= {since} AND finished_at < {until}
         UNION ALL
            -- letters, because one that holds its lane is not in the log
            SELECT create_date, interface_id, company_id, NULL, endpoint_id, NULL, 0, 0, 0,
                   'dead'
              FROM mfg_integration_dead
             WHERE create_date >= {since} AND create_date < {until}
         UNION ALL
            SELECT recorded_at, interface_id, company_id, NULL, endpoint_id, NULL, 1,
                   (error_code IS NOT NULL)::integer, (attempt_no > 1)::integer, NULL
              FROM mfg_integration_attempt
             WHERE recorded_at >= {since} AND recorded_at < {until}
               AND interface_id IS NOT NULL
         UNION ALL
            SELECT finished_at, interface_id, company_id, system_id, 0,
                   LEAST(EXTRACT(epoch FROM finished_at - created_at) * 1000,
                         2147483647)::integer,
                   attempts, GREATEST(attempts - (state = 'processed')::integer, 0),
                   GREATEST(attempts - 1, 0),
                   CASE state WHEN 'processed' THEN 'done' ELSE state END
              FROM mfg_integration_inbox
             WHERE finished_at >= {since} AND finished_at < {until}
               AND state IN ('processed', 'rejected', 'dead')
          ) fact
      ) f
 LEFT JOIN mfg_integration_endpoint e ON e.id = f.endpoint_id
     GROUP BY 1, 2, 3, 4, 5
    """


_SUMS = ", ".join(f"sum({name})::bigint AS {name}" for name in COUNTS)
_BUCKET_SUMS = ", ".join(
    f"COALESCE(sum(buckets[{number}]), 0)::bigint" for number in range(1, BUCKETS + 1)
)
_OLD_BUCKETS_PLUS_NEW = ", ".join(
    f"COALESCE(t.buckets[{number}], 0) + excluded.buckets[{number}]"
    for number in range(1, BUCKETS + 1)
)
_ROLL_UP = f"""
    WITH fact AS MATERIALIZED ({_facts(_BASE, _CANDIDATE)}),
    minute AS (
        INSERT INTO mfg_integration_minute
               (minute, {", ".join(KEY)}, {", ".join(COUNTS)}, buckets)
        SELECT minute, {", ".join(KEY)}, {", ".join(COUNTS)}, buckets FROM fact
            ON CONFLICT (minute, {", ".join(KEY)}) DO UPDATE
               SET {", ".join(f"{name} = excluded.{name}" for name in COUNTS)},
                   buckets = excluded.buckets
    )
    INSERT INTO mfg_integration_total AS t ({", ".join(KEY)}, {", ".join(COUNTS)}, buckets)
    SELECT {", ".join(KEY)}, {_SUMS}, ARRAY[{_BUCKET_SUMS}] FROM fact GROUP BY {", ".join(KEY)}
        ON CONFLICT ({", ".join(KEY)}) DO UPDATE
           SET {", ".join(f"{name} = t.{name} + excluded.{name}" for name in COUNTS)},
               buckets = ARRAY[{_OLD_BUCKETS_PLUS_NEW}]
"""
# Transactions of other databases of the same server write nothing here: only those of this
# one are waited for. A second of grace: a statement reads the clock just before it draws
# its transaction number. Numbers have 32 bits there and 64 in a snapshot: of those that
# fit, the one nearest to the snapshot's is meant.
_LOOK = """
    SELECT candidate IS NOT NULL AND NOT EXISTS (
               SELECT 1 FROM unnest(candidate_xids) AS noted(xid)
                WHERE NOT pg_visible_in_snapshot(noted.xid::text::xid8, snapshot)
           ) AS settled,
           ARRAY(
               SELECT newest + ((xid - newest) % (1::bigint << 32)
                                + 3 * (1::bigint << 31)) % (1::bigint << 32)
                      - (1::bigint << 31)
                 FROM (SELECT backend_xid::text::bigint AS xid,
                              pg_snapshot_xmax(snapshot)::text::bigint AS newest
                         FROM pg_stat_activity
                        WHERE datname = current_database() AND backend_xid IS NOT NULL
                          AND pid <> pg_backend_pid()
                       UNION ALL
                       SELECT transaction::text::bigint,
                              pg_snapshot_xmax(snapshot)::text::bigint
                         FROM pg_prepared_xacts WHERE database = current_database()
                      ) running
           ) AS xids,
           date_trunc('minute', timezone('UTC', now()) - interval '1 second') AS now
      FROM mfg_integration_minute_mark m, pg_current_snapshot() snapshot
       FOR UPDATE OF m
"""
_SAMPLE = f"""
    INSERT INTO mfg_integration_minute (minute, {", ".join(KEY)}, waiting, oldest_s)
    SELECT date_trunc('minute', {_NOW}), interface_id, company_id, system_id, endpoint_id,
           count(*), GREATEST(EXTRACT(epoch FROM {_NOW} - min(created_at)), 0)
      FROM (SELECT d.interface_id, d.company_id, COALESCE(e.system_id, 0) AS system_id,
                   d.endpoint_id, d.created_at
              FROM mfg_integration_delivery d
         LEFT JOIN mfg_integration_endpoint e ON e.id = d.endpoint_id
            UNION ALL
            SELECT i.interface_id, i.company_id, i.system_id, 0, i.created_at
              FROM mfg_integration_inbox_todo t
              JOIN mfg_integration_inbox i ON i.id = t.inbox_id AND i.created_at = t.inbox_at
           ) waiting
     GROUP BY 1, 2, 3, 4, 5
        ON CONFLICT (minute, {", ".join(KEY)}) DO UPDATE
           SET waiting = excluded.waiting, oldest_s = excluded.oldest_s
"""


def roll_up(cr):
    """Count the minutes that became final, and note how far the next run may go."""
    cr.execute(_LOOK)
    settled, xids, now = cr.fetchone()
    if settled:
        cr.execute(_ROLL_UP)
        cr.execute(
            """
            UPDATE mfg_integration_minute_mark
               SET base = candidate, candidate = NULL, candidate_xids = NULL
            """
        )
    cr.execute(
        """
        UPDATE mfg_integration_minute_mark
           SET candidate = %s, candidate_xids = %s::bigint[]
         WHERE candidate IS NULL AND base < %s
        """,
        [now, xids, now],
    )


def sample(cr):
    """Note how much waits in this minute, and for how long."""
    cr.execute(_SAMPLE)


def forget(cr):
    """Drop the figures of minutes long ago; the totals stay."""
    cr.execute(  # pylint: disable=sql-injection
        f"""
        DELETE FROM mfg_integration_minute
         WHERE minute < {_NOW} - {KEEP_DAYS} * interval '1 day'
        """
    )


def source(since):
    """Return a query for the figures of all minutes from ``since`` on, those that are not
    final included. A minute may come in two rows; the figures add up.

    :param since: SQL expression
    """
    names = f"minute, {', '.join(KEY)}, {', '.join(COUNTS)}, buckets"
    live = _facts(f"GREATEST({_BASE}, {since})", "timestamp 'infinity'")
    return f"""
        SELECT {names}, waiting, oldest_s FROM mfg_integration_minute
         WHERE minute >= {since}
     UNION ALL
        SELECT {names}, 0, 0 FROM ({live}) live
    """


def sums(since, by):
    """Return a query that adds the figures up by the columns ``by``.

    :param since: SQL expression
    :param by: SQL expressions and names of columns
    """
    return f"""
        SELECT {", ".join(by)}, {_SUMS}, ARRAY[{_BUCKET_SUMS}] AS buckets
          FROM ({source(since)}) minutes
    """


#: the figures since the first message, per key
TOTALS = f"""
    SELECT {", ".join(KEY)}, {_SUMS}, ARRAY[{_BUCKET_SUMS}] AS buckets
      FROM (SELECT {", ".join(KEY)}, {", ".join(COUNTS)}, buckets FROM mfg_integration_total
            UNION ALL
            SELECT {", ".join(KEY)}, {", ".join(COUNTS)}, buckets
              FROM ({_facts(_BASE, "timestamp 'infinity'")}) live) both_parts
     GROUP BY {", ".join(KEY)}
"""
