"""Wake whoever processes inbound messages, once they are committed."""

import logging

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.sql_db import db_connect

from .wakeup import workers_alive

_logger = logging.getLogger(__name__)

CHANNEL = "mfg_integration_in"
_PENDING = "mfg_integration_queue.notify_inbound"


def notify_after_commit(cr):
    """Wake the workers once ``cr`` has committed; once per transaction."""
    if _PENDING not in cr.postcommit.data:
        cr.postcommit.data[_PENDING] = True
        dbname = cr.dbname
        cr.postcommit.add(lambda: _notify(dbname))


def _notify(dbname):
    """Wake the workers of ``dbname``, or the scheduled action where none is alive.

    A failure is only logged: the message is committed, and workers also poll.
    """
    try:
        with db_connect(dbname).cursor() as cr:
            cr.execute("SELECT pg_notify(%s, '')", [CHANNEL])
            served = workers_alive(cr)
        if not served:
            with Registry(dbname).cursor() as cr:
                env = api.Environment(cr, SUPERUSER_ID, {})
                if "mfg.integration.inbox" in env:
                    env["mfg.integration.inbox"]._trigger_cron()
    except Exception:
        _logger.info("Workers not woken up, they will poll", exc_info=True)
