"""Wake whoever processes inbound messages, once they are committed."""

import logging
import time

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry

from .wakeup import workers_alive

_logger = logging.getLogger(__name__)

CHANNEL = "mfg_integration_in"
#: seconds for which a process believes that a worker lives without looking again; where
#: it has died meanwhile, the scheduled action comes by itself within the minute
BELIEF = 1.0
_PENDING = "mfg_integration_queue.notify_inbound"
#: database → monotonic time until which a worker of it is taken for alive
_alive_until = {}


def notify_after_commit(cr):
    """Wake the workers once ``cr`` has committed; once per transaction."""
    if _PENDING not in cr.postcommit.data:
        cr.postcommit.data[_PENDING] = True
        cr.postcommit.add(lambda: _notify(cr))


def _notify(cr):
    """Wake the workers, or the scheduled action where none is alive.

    A failure is only logged: the message is committed, and workers also poll.
    """
    try:
        # The connection is between two transactions. NOTIFY as one of its own costs one
        # trip; a further connection would cost more than taking in the message did.
        connection = cr.connection
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(f"NOTIFY {CHANNEL}")
                served = _served(cr.dbname, cursor)
        finally:
            connection.autocommit = False
        if not served:
            with Registry(cr.dbname).cursor() as own:
                env = api.Environment(own, SUPERUSER_ID, {})
                if "mfg.integration.inbox" in env:
                    env["mfg.integration.inbox"]._trigger_cron()
    except Exception:
        _logger.info("Workers not woken up, they will poll", exc_info=True)


def _served(dbname, cursor):
    now = time.monotonic()
    if now < _alive_until.get(dbname, 0):
        return True
    if workers_alive(cursor):
        _alive_until[dbname] = now + BELIEF
        return True
    return False
