from odoo import api, fields, models

from ..engine.ownership import MAX_PARTITIONS, PARTITION_LOCK
from ..engine.wakeup import WORKER_LOCK

_NOW = "timezone('UTC', clock_timestamp())"

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

    silent_s = fields.Integer(
        string="Silent for (s)", readonly=True, group_operator="max"
    )
    inflight = fields.Integer(
        string="On the Wire", readonly=True, help="Messages handed to its senders."
    )
    lag_s = fields.Integer(
        string="Lag (s)",
        readonly=True,
        group_operator="max",
        help="For how long the oldest message that this worker could send has been due.",
    )

    @property
    def _table_query(self):
        # Whoever holds a worker's lock holds the locks of its partitions, too. A lane
        # waits for its head: only heads are due.
        return f"""
            WITH lock AS (
                SELECT l.classid, l.objid::bigint AS key, l.pid
                  FROM pg_locks l
                  JOIN pg_database d ON d.oid = l.database
                 WHERE l.locktype = 'advisory'
                   AND l.classid IN ({WORKER_LOCK}, {PARTITION_LOCK})
                   AND l.granted
                   AND d.datname = current_database()
            ), head AS (
                SELECT DISTINCT ON (endpoint_id, lane)
                       endpoint_id::bigint * {MAX_PARTITIONS} + part AS key, dead_id,
                       GREATEST(created_at, next_at) AS due
                  FROM mfg_integration_delivery
                 ORDER BY endpoint_id, lane, id
            )
            SELECT w.id, w.name, w.mode, w.host, w.pid, w.version, w.started_at,
                   w.heartbeat_at, w.partitions, w.clock_skew,
                   alive.pid IS NOT NULL AS alive,
                   GREATEST(EXTRACT(epoch FROM {_NOW} - w.heartbeat_at), 0)::integer
                       AS silent_s,
                   COALESCE(cardinality(wire.inflight), 0) AS inflight,
                   (SELECT GREATEST(EXTRACT(epoch FROM {_NOW} - min(head.due)), 0)
                      FROM head
                      JOIN lock ON lock.classid = {PARTITION_LOCK} AND lock.key = head.key
                     WHERE lock.pid = alive.pid AND head.dead_id IS NULL)::integer AS lag_s
              FROM mfg_integration_worker w
         LEFT JOIN mfg_integration_worker_wire wire ON wire.worker_id = w.id
         LEFT JOIN lock alive ON alive.classid = {WORKER_LOCK} AND alive.key = w.id
        """

    @api.depends("clock_skew")
    def _compute_clock_warning(self):
        for worker in self:
            worker.clock_warning = abs(worker.clock_skew) > CLOCK_TOLERANCE
