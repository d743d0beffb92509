"""Wake workers at commit, never inside the business transaction.

NOTIFY takes a database-wide lock while its transaction commits; here that transaction is
one of its own, after the business one is through.
"""

import logging
import re
from contextlib import contextmanager

from psycopg2.extensions import TRANSACTION_STATUS_IDLE

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.sql_db import db_connect

_logger = logging.getLogger(__name__)

CHANNEL = "mfg_integration"
#: first key of the advisory locks that tell a living worker (second key: its row id)
WORKER_LOCK = 0x4D464757

#: payload that tells workers to read their configuration again
SETTINGS = "settings"
#: payload that tells workers that an endpoint went down or came back
GATES = "gates"

#: partitions that are told of one by one; NOTIFY takes 8,000 bytes
MAX_NEWS = 200
_NEWS = re.compile(r"(\d+):(\d+)")
_PENDING = "mfg_integration_queue.notify"


def workers_alive(cr):
    """Return how many dispatchers serve the database of ``cr``."""
    cr.execute(
        """
        SELECT count(*)
          FROM pg_locks l
          JOIN pg_database d ON d.oid = l.database
         WHERE l.locktype = 'advisory'
           AND l.classid = %s
           AND d.datname = current_database()
        """,
        [WORKER_LOCK],
    )
    return cr.fetchone()[0]


def notify_after_commit(cr, payload=""):
    """Wake the workers once ``cr`` has committed; once per transaction and payload.

    :param payload: as for :func:`notify`
    """
    pending = cr.postcommit.data.setdefault(_PENDING, set())
    if payload not in pending:
        pending.add(payload)
        cr.postcommit.add(lambda: notify(cr, payload))


def notify(cr, payload=""):
    """Wake the workers of a database now, or its delivery cron where none is alive.

    A failure is only logged: the caller's business is committed and must not look
    failed, and workers also poll, so all it costs is latency.

    :param cr: cursor between two transactions
    :param payload: what :func:`news` returns, :data:`SETTINGS`, :data:`GATES`, or empty:
        there may be new deliveries anywhere
    """
    try:
        with between_transactions(cr) as cursor:
            cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, payload])
            served = workers_alive(cursor)
        if not served:
            with Registry(cr.dbname).cursor() as own:
                env = api.Environment(own, SUPERUSER_ID, {})
                if "mfg.integration.delivery" in env:
                    env["mfg.integration.delivery"]._trigger_cron()
    except Exception:
        _logger.info("Workers not woken up, they will poll", exc_info=True)


@contextmanager
def between_transactions(cr):
    """A cursor in autocommit on the connection of one that has just committed.

    NOTIFY as a transaction of its own costs one trip there; a further connection would
    cost more than what it tells of did.
    """
    connection = cr.connection
    if connection.get_transaction_status() != TRANSACTION_STATUS_IDLE:
        # another hook looks something up
        with db_connect(cr.dbname).cursor() as own:
            yield own
        return
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.autocommit = False


def news(partitions):
    """Return the payload that tells of new deliveries in partitions.

    :param partitions: iterable of (endpoint id, partition)
    """
    told = sorted(set(partitions))
    if len(told) > MAX_NEWS:
        return ""
    return " ".join(f"{endpoint_id}:{part}" for endpoint_id, part in told)


def partitions_of(payload):
    """Return the partitions that :func:`news` tells of, None if it may be any."""
    told = _NEWS.findall(payload)
    return {(int(endpoint_id), int(part)) for endpoint_id, part in told} or None
