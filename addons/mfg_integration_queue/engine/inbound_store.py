"""Every statement against the runtime tables of inbound messages."""

import hashlib
import json

#: days an idempotency key is remembered after its message came in
KEY_DAYS = 30

_LOOKUP = """
    SELECT pg_try_advisory_xact_lock(%(lock)s),
           k.fingerprint, k.response
      FROM (SELECT 1) one
 LEFT JOIN mfg_integration_inbox_key k
        ON k.system_id = %(system_id)s AND k.interface_id = %(interface_id)s
       AND k.key = %(key)s AND k.expires_at > timezone('UTC', clock_timestamp())
"""
_COLUMNS = (
    "uuid",
    "system_id",
    "interface_id",
    "interface_version_id",
    "company_id",
    "credential_id",
    "type",
    "key",
    "lane",
    "state",
    "headers",
    "remote_addr",
    "body",
    "body_sha256",
    "traceparent",
    "attempts",
    "result",
    "links",
    "error_code",
    "error",
    "class",
)
_ADD = f"""
    SELECT mfg_integration_inbox_add(
        {", ".join(f"{name} => %({name})s" for name in _COLUMNS)},
        fingerprint => %(fingerprint)s, response => %(response)s, key_days => {KEY_DAYS})
"""


def lookup(cr, system_id, interface_id, key):
    """Reserve a key for this transaction and return what is known about it.

    :return: (reserved: False while another transaction works on it, fingerprint or None,
        stored response or None)
    """
    name = f"{system_id}/{interface_id}/{key}".encode()
    lock = int.from_bytes(hashlib.sha256(name).digest()[:8], "big", signed=True)
    cr.execute(
        _LOOKUP,
        {
            "lock": lock,
            "system_id": system_id,
            "interface_id": interface_id,
            "key": key,
        },
    )
    return cr.fetchone()


def insert(cr, message, fingerprint=None, response=None):
    """Write a message into the inbox; with a response also its key.

    :param dict message: values of ``_COLUMNS``; in state ``received`` it is also put down
        for processing
    :return: False if the key is taken: nothing was written
    """
    cr.execute(
        _ADD,
        {
            **dict.fromkeys(_COLUMNS),
            "attempts": 0,
            **message,
            "headers": json.dumps(message["headers"]),
            "fingerprint": fingerprint,
            "response": response and json.dumps(response),
        },
    )
    return cr.fetchone()[0]


def load(cr, inbox_id):
    """Lock an unfinished message for this transaction and return it as a dict, or None."""
    cr.execute(
        """
        SELECT i.id, i.created_at, i.uuid::text, i.type, i.system_id, i.interface_id,
               i.interface_version_id, i.company_id, i.key, i.lane, i.headers, i.body,
               i.correction, i.traceparent, t.attempts,
               EXTRACT(epoch FROM timezone('UTC', clock_timestamp()) - i.created_at)::float8
                   AS age
          FROM mfg_integration_inbox_todo t
          JOIN mfg_integration_inbox i ON i.id = t.inbox_id AND i.created_at = t.inbox_at
         WHERE t.inbox_id = %s AND t.exception_id IS NULL
           FOR UPDATE OF t
        """,
        [inbox_id],
    )
    rows = cr.dictfetchall()
    return rows[0] if rows else None


def finish(cr, row, result, links):
    """Note that a message was processed."""
    cr.execute(
        """
        WITH done AS (DELETE FROM mfg_integration_inbox_todo WHERE inbox_id = %(id)s)
        UPDATE mfg_integration_inbox
           SET state = 'processed', result = %(result)s, links = %(links)s,
               attempts = %(attempts)s, error_code = NULL, error = NULL,
               finished_at = timezone('UTC', clock_timestamp())
         WHERE id = %(id)s AND created_at = %(created_at)s
        """,
        {
            "id": row["id"],
            "created_at": row["created_at"],
            "attempts": row["attempts"] + 1,
            "result": result,
            "links": links,
        },
    )


def retry(cr, row, code, error, delay):
    """Note a failed attempt and when the next one is due."""
    cr.execute(
        """
        UPDATE mfg_integration_inbox_todo
           SET attempts = attempts + 1, starts = 0, error_code = %s, error = %s,
               next_at = timezone('UTC', clock_timestamp()) + %s * interval '1 second'
         WHERE inbox_id = %s
        """,
        [code, error, delay, row["id"]],
    )


def park(cr, row, code, error, waits_for, delay):
    """Set a message apart until ``waits_for`` happens, and look again after ``delay``."""
    cr.execute(
        """
        UPDATE mfg_integration_inbox_todo
           SET starts = 0, lane = %(lane)s, waits_for = %(waits_for)s,
               error_code = %(code)s, error = %(error)s,
               next_at = timezone('UTC', clock_timestamp()) + %(delay)s * interval '1 second'
         WHERE inbox_id = %(id)s
        """,
        {
            "id": row["id"],
            # alone in its lane, so that what it waits for may come behind it
            "lane": f"waiting:{row['id']}",
            "waits_for": waits_for,
            "code": code,
            "error": error,
            "delay": delay,
        },
    )


def wake(cr, happened):
    """Make the messages due that wait for one of the keys in ``happened``: they come back
    to the head of their lane, before what has come after them.

    One that is being looked at right now is left alone: it looks again by itself.

    :return: how many there were
    """
    cr.execute(
        """
        UPDATE mfg_integration_inbox_todo t
           SET next_at = NULL, lane = i.lane
          FROM mfg_integration_inbox i
         WHERE i.id = t.inbox_id AND i.created_at = t.inbox_at
           AND t.inbox_id IN (SELECT inbox_id FROM mfg_integration_inbox_todo
                               WHERE waits_for = ANY(%s) AND exception_id IS NULL
                                 FOR UPDATE SKIP LOCKED)
        """,
        [list(happened)],
    )
    return cr.rowcount


def bury(cr, row, attempts, code, error, exception_id, blocking):
    """Note that a person has to look at a message."""
    cr.execute(
        """
        UPDATE mfg_integration_inbox
           SET state = 'dead', attempts = %s, error_code = %s, error = %s,
               exception_id = %s, finished_at = timezone('UTC', clock_timestamp())
         WHERE id = %s AND created_at = %s
        """,
        [attempts, code, error, exception_id, row["id"], row["created_at"]],
    )
    if blocking:
        cr.execute(
            "UPDATE mfg_integration_inbox_todo SET exception_id = %s WHERE inbox_id = %s",
            [exception_id, row["id"]],
        )
    else:
        cr.execute(
            "DELETE FROM mfg_integration_inbox_todo WHERE inbox_id = %s", [row["id"]]
        )


def resubmit(cr, corrections, latency_class):
    """Put dead messages down for processing once more.

    :param corrections: inbox id → text that takes the place of the payload, or None
    :return: set of the inbox ids that were waiting
    """
    cr.execute(
        """
        WITH again AS (
            UPDATE mfg_integration_inbox i
               SET state = 'received', correction = COALESCE(c.text, i.correction),
                   exception_id = NULL, finished_at = NULL
              FROM unnest(%s::bigint[], %s::varchar[]) AS c(id, text)
             WHERE i.id = c.id AND i.state = 'dead'
         RETURNING i.id, i.created_at, i.lane
        )
        INSERT INTO mfg_integration_inbox_todo (inbox_id, inbox_at, lane, class)
        SELECT id, created_at, lane, %s FROM again
            ON CONFLICT (inbox_id) DO UPDATE
               SET exception_id = NULL, attempts = 0, starts = 0, next_at = NULL,
                   error_code = NULL, error = NULL, waits_for = NULL
     RETURNING inbox_id
        """,
        [list(corrections), list(corrections.values()), latency_class],
    )
    return {inbox_id for (inbox_id,) in cr.fetchall()}


def cancel(cr, inbox_ids):
    """Note that dead messages were given up; what waits behind them goes on."""
    cr.execute(
        """
        WITH gone AS (
            DELETE FROM mfg_integration_inbox_todo WHERE inbox_id = ANY(%(ids)s)
        )
        UPDATE mfg_integration_inbox SET state = 'cancelled'
         WHERE id = ANY(%(ids)s) AND state = 'dead'
        """,
        {"ids": inbox_ids},
    )


def lane_heads(cr, limit):
    """Return (lane, whether it is the first of its system and class), … of the lanes whose
    first message is due: those that are first, then the rest, the most urgent first.

    A system with a long backlog in many lanes has others wait for one turn, not for all.
    """
    cr.execute(
        """
        SELECT lane, rank = 1
          FROM (SELECT lane, inbox_id, class,
                       row_number() OVER (PARTITION BY class, split_part(lane, ':', 1)
                                              ORDER BY inbox_id) AS rank
                  FROM (SELECT DISTINCT ON (lane)
                               lane, inbox_id, class, next_at, exception_id
                          FROM mfg_integration_inbox_todo
                         ORDER BY lane, inbox_id) head
                 WHERE exception_id IS NULL
                   AND (next_at IS NULL
                        OR next_at <= timezone('UTC', clock_timestamp()))) due
         ORDER BY rank > 1, class, rank, inbox_id
         LIMIT %s
        """,
        [limit],
    )
    return cr.fetchall()


def start(cr, lane, worker, alone=False):
    """Note that ``worker`` begins with the first message of a lane it holds the lock of.

    A message that a process has died over is begun with only by a worker that does nothing
    else meanwhile.

    :param bool alone: nothing else is done meanwhile
    :return: (inbox id, how many times a process has begun with it and not come back, this
        time included; 0: not begun, it has to be alone), None if the lane has nothing due
    """
    cr.execute(
        """
        WITH head AS (
            SELECT inbox_id, starts = 0 OR %(alone)s AS begins
              FROM mfg_integration_inbox_todo
             WHERE inbox_id = (SELECT MIN(inbox_id) FROM mfg_integration_inbox_todo
                                WHERE lane = %(lane)s)
               AND exception_id IS NULL
               AND (next_at IS NULL OR next_at <= timezone('UTC', clock_timestamp()))
        ), begun AS (
            UPDATE mfg_integration_inbox_todo t
               SET starts = t.starts + 1, worker = %(worker)s,
                   started_at = timezone('UTC', clock_timestamp())
              FROM head
             WHERE t.inbox_id = head.inbox_id AND head.begins
         RETURNING t.inbox_id, t.starts
        )
        SELECT head.inbox_id, COALESCE(begun.starts, 0)
          FROM head LEFT JOIN begun ON begun.inbox_id = head.inbox_id
        """,
        {"lane": lane, "worker": worker, "alone": alone},
    )
    return cr.fetchone()


def postpone(cr, inbox_id, delay):
    """Come back to a message later; that costs it no attempt."""
    cr.execute(
        """
        UPDATE mfg_integration_inbox_todo
           SET starts = 0,
               next_at = timezone('UTC', clock_timestamp()) + %s * interval '1 second'
         WHERE inbox_id = %s
        """,
        [delay, inbox_id],
    )


def seconds_to_next(cr):
    """Return the seconds until a message that waits for its time is due, or None."""
    cr.execute(
        """
        SELECT EXTRACT(epoch FROM MIN(next_at) - timezone('UTC', clock_timestamp()))::float8
          FROM mfg_integration_inbox_todo
         WHERE exception_id IS NULL
           AND next_at > timezone('UTC', clock_timestamp())
        """
    )
    return cr.fetchone()[0]


def clean_keys(cr):
    """Forget the keys whose time is over."""
    cr.execute(
        """
        DELETE FROM mfg_integration_inbox_key
         WHERE expires_at <= timezone('UTC', clock_timestamp())
        """
    )
