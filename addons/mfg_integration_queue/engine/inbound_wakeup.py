"""Wake whoever processes inbound messages, once they are committed."""

import logging
import time

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry

from .wakeup import between_transactions, workers_alive

_logger = logging.getLogger(__name__)

CHANNEL = "mfg_integration_in"
#: seconds for which a process believes that a worker lives without looking again; where
#: it has died meanwhile, the scheduled action comes by itself within the minute
BELIEF = 1.0
#: seconds for which one trigger of the scheduled action stands for all: what the run it
#: starts has missed in so short a time is processed within the minute
TRIGGERED = 0.2
_PENDING = "mfg_integration_queue.notify_inbound"
#: database → monotonic time until which a worker of it is taken for alive
_alive_until = {}
#: database → monotonic time until which its scheduled action counts as triggered
_triggered_until = {}


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
        with between_transactions(cr) as cursor:
            cursor.execute(f"NOTIFY {CHANNEL}")
            served = _served(cr.dbname, cursor)
        if not served:
            _trigger(cr.dbname)
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


def _trigger(dbname):
    now = time.monotonic()
    if now < _triggered_until.get(dbname, 0):
        return
    with Registry(dbname).cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        if "mfg.integration.inbox" in env:
            env["mfg.integration.inbox"]._trigger_cron()
    _triggered_until[dbname] = now + TRIGGERED
