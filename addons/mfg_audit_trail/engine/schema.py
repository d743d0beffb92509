"""The part of the audit trail that lives in PostgreSQL, in the schema ``mfg_audit``."""

import datetime
import os
import re

import psycopg2
from dateutil.relativedelta import relativedelta

from odoo.sql_db import db_connect
from odoo.tools import file_open

#: retention classes: how long a kind of event is kept is decided per class
CLASSES = ("accounting", "operations", "quality", "security", "access")
#: months for which partitions stand ready besides the current one
MONTHS_AHEAD = 3
#: advisory lock of whoever notes a copy of a database
COPY_LOCK = 0x6D66675F636F7079

#: what the schema consists of, in this order
FILES = ("upgrade.sql", "schema.sql", "observation.sql")

_FUNCTION = re.compile(
    r"CREATE OR REPLACE FUNCTION mfg_audit\.(\w+)\(.*?\$fn\$(.*?)\$fn\$", re.S
)
_INDEXES = """
    CREATE INDEX IF NOT EXISTS event_record_idx ON mfg_audit.event_filed (tbl, res_id, ts);
    CREATE INDEX IF NOT EXISTS event_links_idx ON mfg_audit.event_filed USING gin (links);
    CREATE INDEX IF NOT EXISTS event_tx_idx ON mfg_audit.event_filed (cluster, xid, n);
    CREATE INDEX IF NOT EXISTS event_id_idx ON mfg_audit.event_filed (id);
    CREATE INDEX IF NOT EXISTS event_ts_idx ON mfg_audit.event_filed USING brin (ts);
"""


def install(cr, origin):
    """Create or renew everything in the schema; safe to run at every upgrade.

    :param str origin: the name of this log for good, kept when it exists already
    """
    if is_without_fresh(cr):
        # What this transaction recorded has to have its receipt before the tables change.
        cr.commit()  # pylint: disable=invalid-commit
    cr.execute("CREATE SCHEMA IF NOT EXISTS mfg_audit")
    cr.execute("CREATE EXTENSION IF NOT EXISTS hstore SCHEMA mfg_audit")
    cr.execute(_definition(cr))
    cr.execute(
        """
        INSERT INTO mfg_audit.log (origin, redaction_key)
        SELECT %s, %s WHERE NOT EXISTS (SELECT FROM mfg_audit.log)
        """,
        [origin, os.urandom(32)],
    )
    note_server_start(cr)
    ensure_partitions(cr, datetime.date.today())
    cr.execute(_INDEXES)


def is_without_fresh(cr):
    """Whether there is a log of the version that wrote events to their place at once."""
    return has_partition(cr, "event") and not has_partition(cr, "event_filed")


def _definition(cr):
    """The text of the schema for this database."""
    cr.execute(
        """
        SELECT quote_ident(n.nspname)
          FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
         WHERE e.extname = 'hstore'
        """
    )
    (hstore,) = cr.fetchone()
    texts = []
    for name in FILES:
        with file_open(f"mfg_audit_trail/sql/{name}") as file:
            texts.append(file.read())
    return "\n".join(texts).replace("@hstore@", hstore)


def changed_functions(cr):
    """Names of the functions of the schema that do something else than ours, or are gone."""
    cr.execute(
        "SELECT proname, prosrc FROM pg_proc "
        "WHERE pronamespace = 'mfg_audit'::regnamespace"
    )
    present = dict(cr.fetchall())
    return [
        name
        for name, body in _FUNCTION.findall(_definition(cr))
        if present.get(name) != body
    ]


def note_server_start(cr):
    """Remember which cluster this is, which capture else asks at every transaction."""
    cr.execute("SELECT mfg_audit.note_server_start()")


def note_copy(cr):
    """Give a copy of a database its own name in the log before anything is recorded there.

    The first transaction of the copy would do it itself, and what the same request observes
    on another connection would wait for it, hence for ever. Apart from the caller's
    transaction, one registry after the other.

    :param cr: cursor of the caller, for whom the name may be known already
    """
    # An upgrade has just made the schema anew in this transaction: another connection
    # would wait for its end, hence for ever.
    if _is_known(cr):
        return
    with db_connect(cr.dbname).cursor() as own:
        if _is_known(own):
            return
        own.execute("SELECT pg_advisory_lock(%s)", [COPY_LOCK])
        # What the registry before noted is in the snapshot of a transaction that begins now.
        own.commit()  # pylint: disable=invalid-commit
        try:
            # A transaction that goes on, such as the caller's, may have begun to note it.
            own.execute("SET LOCAL lock_timeout = '1s'")
            own.execute("SELECT mfg_audit.note_server_start()", log_exceptions=False)
            own.commit()  # pylint: disable=invalid-commit
        except psycopg2.OperationalError:
            own.rollback()
        finally:
            own.execute("SELECT pg_advisory_unlock(%s)", [COPY_LOCK])


def _is_known(cr):
    """Whether the log has a name for this database, or there is no log that needs one."""
    cr.execute("SELECT to_regprocedure('mfg_audit.note_server_start()')")
    if cr.fetchone()[0] is None:
        return True
    cr.execute("SELECT mfg_audit.current_cluster()")
    return cr.fetchone()[0] is not None


def ensure_partitions(cr, today):
    """Create the partitions of this month and the coming ones, and one for the rest.

    The one for the rest is a safety net: without it a missing month would stop business.

    :return: names of the partitions that were made
    """
    made = []
    for name in CLASSES:
        parent = f"event_{name}"
        if not has_partition(cr, parent):
            cr.execute(  # pylint: disable=sql-injection
                f"CREATE TABLE mfg_audit.{parent} PARTITION OF mfg_audit.event_filed "
                f"FOR VALUES IN ('{name}') PARTITION BY RANGE (ts)"
            )
            cr.execute("SELECT mfg_audit.guard(%s)", [f"mfg_audit.{parent}"])
        if not has_partition(cr, f"{parent}_rest"):
            _make(cr, parent, f"{parent}_rest", "DEFAULT")
            made.append(f"{parent}_rest")
        for number in range(MONTHS_AHEAD + 1):
            month = today.replace(day=1) + relativedelta(months=number)
            if not has_partition(cr, f"{parent}_{month:%Y_%m}") and not _in_rest(
                cr, parent, month
            ):
                made.append(make_partition(cr, name, month))
    return made


def _in_rest(cr, parent, month):
    """Whether events of a month went to the one for the rest already, and stay there."""
    cr.execute(  # pylint: disable=sql-injection
        f"SELECT EXISTS (SELECT FROM mfg_audit.{parent}_rest"
        "  WHERE ts >= %s::timestamptz AND ts < %s::timestamptz)",
        [f"{month} 00:00+00", f"{month + relativedelta(months=1)} 00:00+00"],
    )
    return cr.fetchone()[0]


def make_partition(cr, retention, month):
    """Create the partition of a class for the month that begins at a day; return its name."""
    parent = f"event_{retention}"
    partition = f"{parent}_{month:%Y_%m}"
    following = month + relativedelta(months=1)
    _make(
        cr,
        parent,
        partition,
        f"FOR VALUES FROM ('{month} 00:00+00') TO ('{following} 00:00+00')",
    )
    return partition


def _make(cr, parent, partition, bounds):
    table = f"mfg_audit.{partition}"
    cr.execute(  # pylint: disable=sql-injection
        f"CREATE TABLE {table} PARTITION OF mfg_audit.{parent} {bounds}"
    )
    cr.execute("SELECT mfg_audit.guard(%s)", [table])


def has_partition(cr, table):
    """Whether there is a table of this name in the schema."""
    cr.execute("SELECT to_regclass(%s)", [f"mfg_audit.{table}"])
    return cr.fetchone()[0] is not None


def has_events(cr):
    """Whether anything was ever recorded here."""
    cr.execute(
        "SELECT EXISTS (SELECT FROM mfg_audit.event)"
        " OR EXISTS (SELECT FROM mfg_audit.seal)"
    )
    return cr.fetchone()[0]


def drop_if_empty(cr):
    """Drop the schema unless it holds events, which outlive the module.

    :return: whether it was dropped
    """
    if has_events(cr):
        return False
    cr.execute("DROP SCHEMA mfg_audit CASCADE")
    return True
