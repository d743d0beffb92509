from odoo import api, fields, models

from ..engine.wakeup import WORKER_LOCK

#: seconds two clocks may differ before it is worth a warning
CLOCK_TOLERANCE = 30


class MfgIntegrationWorker(models.Model):
    """A running worker process, or the cron while it delivers."""

    _name = "mfg.integration.worker"
    _description = "Integration Worker"
    _auto = False
    _order = "id"

    name = fields.Char(readonly=True)
    mode = fields.Selection(
        [("worker", "Worker process"), ("cron", "Scheduled action")], readonly=True
    )
    host = fields.Char(readonly=True)
    pid = fields.Integer(string="Process", readonly=True, group_operator=None)
    version = fields.Char(readonly=True)
    started_at = fields.Datetime(string="Started", readonly=True)
    heartbeat_at = fields.Datetime(string="Last Sign of Life", readonly=True)
    partitions = fields.Integer(readonly=True)
    clock_skew = fields.Float(
        string="Clock Ahead (s)",
        readonly=True,
        group_operator=None,
        help="Seconds the clock of the worker's machine is ahead of the database's. "
        "Due times come from the database; signatures bear the worker's time, which "
        "receivers usually check to five minutes.",
    )
    clock_warning = fields.Boolean(compute="_compute_clock_warning")
    alive = fields.Boolean(
        readonly=True,
        help="Holds its lock in the database: a lost lock is a lost worker.",
    )

    @property
    def _table_query(self):
        return f"""
            SELECT w.id, w.name, w.mode, w.host, w.pid, w.version, w.started_at,
                   w.heartbeat_at, w.partitions, w.clock_skew,
                   EXISTS(SELECT 1 FROM pg_locks l
                            JOIN pg_database d ON d.oid = l.database
                           WHERE l.locktype = 'advisory'
                             AND l.classid = {WORKER_LOCK}
                             AND l.objid = w.id
                             AND d.datname = current_database()) AS alive
              FROM mfg_integration_worker w
        """

    @api.depends("clock_skew")
    def _compute_clock_warning(self):
        for worker in self:
            worker.clock_warning = abs(worker.clock_skew) > CLOCK_TOLERANCE
