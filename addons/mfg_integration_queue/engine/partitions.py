"""Monthly partitions of the append-only runtime tables."""

import time

import psycopg2
from dateutil.relativedelta import relativedelta

from odoo.tools import SQL

#: table → column it is partitioned by
PARTITIONED = {
    "mfg_integration_event": "created_at",
    "mfg_integration_delivery_log": "finished_at",
    "mfg_integration_attempt": "started_at",
    "mfg_integration_inbox": "created_at",
}
#: every table of the files in sql/
RUNTIME_TABLES = (
    *PARTITIONED,
    "mfg_integration_delivery",
    "mfg_integration_worker",
    "mfg_integration_worker_wire",
    "mfg_integration_endpoint_state",
    "mfg_integration_inbox_todo",
    "mfg_integration_inbox_key",
    "mfg_integration_credential_state",
    "mfg_integration_minute",
    "mfg_integration_total",
    "mfg_integration_minute_mark",
)
MONTHS_AHEAD = 3
#: how long a DROP waits for users of a partition, how often and how soon it tries again
DROP_WAIT = "20ms"
DROP_TRIES = 40
DROP_PAUSE = 0.1


def ensure(cr, today, months_ahead=MONTHS_AHEAD):
    """Create the partitions from this month on, and the default one.

    The default partition catches rows of a month nobody prepared (a stopped cron, a
    wrong clock): an event is never lost for want of a partition.

    :param today: any day of the first month to prepare
    :return: names of the partitions that were missing
    """
    created = []
    first = today.replace(day=1)
    for table in PARTITIONED:
        if not _exists(cr, table):
            # at install each model prepares its own tables, one after the other
            continue
        default = f"{table}_default"
        if not _exists(cr, default):
            cr.execute(
                SQL(
                    "CREATE TABLE %s PARTITION OF %s DEFAULT",
                    SQL.identifier(default),
                    SQL.identifier(table),
                )
            )
            created.append(default)
        for offset in range(months_ahead + 1):
            start = first + relativedelta(months=offset)
            name = f"{table}_{start:%Y_%m}"
            if not _exists(cr, name):
                _attach(cr, table, name, start)
                created.append(name)
    return created


def drop_before(cr, table, month):
    """Drop the partitions of ``table`` that ended before the first day of ``month``, one by
    one and never in anybody's way.

    A DROP waits for whoever uses the table, and everybody who comes later waits behind
    it. So it gives up at once and tries again a moment later. (DETACH … CONCURRENTLY is
    refused by PostgreSQL where there is a default partition.)

    :param cr: in autocommit while others work; a transaction that has read the table
        itself, on another connection, would be waited for in vain
    :return: (names of the dropped partitions, names of those that were in use all the time)
    """
    return _drop_each(cr, _ended_before(cr, table, month))


def drop_empty_before(cr, table, month):
    """Drop those that ended before ``month`` and hold no row, in the same way.

    For rows that are deleted one by one as their contracts tell: what is left of a month
    waits for somebody. Nothing is added to a month that is over.
    """
    return _drop_each(
        cr, [name for name in _ended_before(cr, table, month) if _is_empty(cr, name)]
    )


def _drop_each(cr, names):
    for position, name in enumerate(names):
        if not _drop(cr, name):
            # who holds this one holds the table
            return names[:position], names[position:]
    return names, []


def _drop(cr, name):
    for _try in range(DROP_TRIES):
        try:
            # one statement string is one transaction, which takes the timeout with it
            cr.execute(f"SET LOCAL lock_timeout = '{DROP_WAIT}'; DROP TABLE \"{name}\"")  # pylint: disable=sql-injection
        except psycopg2.errors.LockNotAvailable:
            time.sleep(DROP_PAUSE)
        else:
            return True
    return False


def _ended_before(cr, table, month):
    limit = f"{table}_{month:%Y_%m}"
    cr.execute(
        """
        SELECT c.relname
          FROM pg_inherits i
          JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent = %s::regclass
           AND c.relname ~ '_[0-9]{4}_[0-9]{2}$'
           AND c.relname < %s
         ORDER BY c.relname
        """,
        [table, limit],
    )
    return [name for (name,) in cr.fetchall()]


def _is_empty(cr, name):
    # not as SQL(): the cursor may be psycopg2's own
    cr.execute(f'SELECT NOT EXISTS (SELECT 1 FROM "{name}")')  # pylint: disable=sql-injection
    return cr.fetchone()[0]


def _exists(cr, name):
    cr.execute("SELECT to_regclass(%s)", [f"public.{name}"])
    return cr.fetchone()[0] is not None


def _attach(cr, table, name, start):
    """Create the partition of one month and move there what fell into the default one."""
    # CREATE … LIKE followed by ATTACH takes a weaker lock on the parent than CREATE …
    # PARTITION OF, so users who emit meanwhile do not wait.
    end = start + relativedelta(months=1)
    column = PARTITIONED[table]
    cr.execute(
        SQL(
            "CREATE TABLE %s (LIKE %s INCLUDING DEFAULTS INCLUDING CONSTRAINTS)",
            SQL.identifier(name),
            SQL.identifier(table),
        )
    )
    cr.execute(
        SQL(
            """
            WITH moved AS (DELETE FROM %s WHERE %s >= %s AND %s < %s RETURNING *)
            INSERT INTO %s SELECT * FROM moved
            """,
            SQL.identifier(f"{table}_default"),
            SQL.identifier(column),
            start,
            SQL.identifier(column),
            end,
            SQL.identifier(name),
        )
    )
    cr.execute(
        SQL(
            "ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%s) TO (%s)",
            SQL.identifier(table),
            SQL.identifier(name),
            start.strftime("%Y-%m-%d"),
            end.strftime("%Y-%m-%d"),
        )
    )
