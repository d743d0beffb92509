"""Wake workers at commit, never inside the business transaction.

NOTIFY takes a database-wide lock while its transaction commits; here that transaction is
one of its own, after the business one is through.
"""

import logging

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

    :param payload: empty for new deliveries, or :data:`SETTINGS`
    """
    pending = cr.postcommit.data.setdefault(_PENDING, set())
    if payload not in pending:
        pending.add(payload)
        dbname = cr.dbname
        cr.postcommit.add(lambda: notify(dbname, payload))


def notify(dbname, payload=""):
    """Wake the workers of ``dbname`` now, or its delivery cron where none is alive.

    A failure is only logged: the caller's business is committed and must not look
    failed, and workers also poll, so all it costs is latency.
    """
    try:
        with db_connect(dbname).cursor() as cr:
            cr.execute("SELECT pg_notify(%s, %s)", [CHANNEL, payload])
            served = workers_alive(cr)
        if not served:
            with Registry(dbname).cursor() as cr:
                env = api.Environment(cr, SUPERUSER_ID, {})
                if "mfg.integration.delivery" in env:
                    env["mfg.integration.delivery"]._trigger_cron()
    except Exception:
        _logger.info("Workers not woken up, they will poll", exc_info=True)
