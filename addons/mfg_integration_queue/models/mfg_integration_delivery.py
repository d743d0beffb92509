import datetime
import time

from odoo import _, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.sql_db import db_connect
from odoo.tools import config

from ..engine.dispatcher import Dispatcher
from ..engine.lanes import partition_of
from ..engine.wakeup import notify_after_commit, workers_alive

#: seconds one cron run delivers at most
CRON_BUDGET = 45
#: how often Odoo looks at its scheduled actions when nobody wakes it
CRON_INTERVAL = datetime.timedelta(seconds=60)

# Both branches give the same columns with the same types, so PostgreSQL pushes filters
# and the order by id down into the hot table and the partitions of the log.
_QUERY = """
    SELECT d.id, d.event_id, d.interface_id, d.endpoint_id, d.company_id, d.lane,
           d.class, d.attempts, d.created_at, d.first_attempt_at, d.next_at,
           d.deadline_at, d.due_at, NULL::timestamp AS finished_at, NULL::integer AS latency_ms,
           d.last_error_code, d.last_status,
           CASE WHEN d.dead_id IS NOT NULL THEN 'dead_waiting'
                WHEN d.attempts > 0 THEN 'retry'
                ELSE 'pending'
           END::varchar AS state
      FROM mfg_integration_delivery d
 UNION ALL
    SELECT l.id, l.event_id, l.interface_id, l.endpoint_id, l.company_id, l.lane,
           l.class, l.attempts, l.created_at, l.first_attempt_at, NULL::timestamp,
           NULL::timestamp, l.due_at, l.finished_at, l.latency_ms,
           l.last_error_code, l.last_status, l.outcome
      FROM mfg_integration_delivery_log l
"""


class MfgIntegrationDelivery(models.Model):
    """An event on its way to one endpoint, or what became of it."""

    _name = "mfg.integration.delivery"
    _description = "Integration Message"
    _auto = False
    _order = "id desc"
    _rec_name = "subject"

    event_id = fields.Many2one("mfg.integration.event", readonly=True)
    subject = fields.Char(related="event_id.subject")
    type = fields.Char(related="event_id.type")
    uuid = fields.Char(related="event_id.uuid")
    trace_id = fields.Char(related="event_id.trace_id")
    payload = fields.Text(compute="_compute_payload")
    occurred_at = fields.Datetime(related="event_id.occurred_at")
    interface_id = fields.Many2one("mfg.integration.interface", readonly=True)
    endpoint_id = fields.Many2one("mfg.integration.endpoint", readonly=True)
    system_id = fields.Many2one(related="endpoint_id.system_id")
    company_id = fields.Many2one("res.company", readonly=True)
    lane = fields.Char(
        string="Order Key",
        readonly=True,
        help="Messages with the same key are delivered one after the other.",
    )
    latency_class = fields.Selection(related="interface_id.latency_class")
    state = fields.Selection(
        [
            ("pending", "Waiting"),
            ("retry", "Trying again"),
            ("dead_waiting", "Dead, holds its record"),
            ("delivered", "Delivered"),
            ("dead", "Dead"),
            ("cancelled", "Cancelled"),
        ],
        readonly=True,
    )
    attempts = fields.Integer(readonly=True)
    created_at = fields.Datetime(string="Recorded", readonly=True)
    first_attempt_at = fields.Datetime(string="First Attempt", readonly=True)
    next_at = fields.Datetime(string="Next Attempt", readonly=True)
    deadline_at = fields.Datetime(string="Given up at", readonly=True)
    due_at = fields.Datetime(
        string="Due",
        readonly=True,
        help="When the service level of the interface wants it delivered.",
    )
    finished_at = fields.Datetime(string="Finished", readonly=True)
    latency_ms = fields.Integer(
        string="Latency (ms)",
        readonly=True,
        group_operator="avg",
        help="From the record of the event to the receiver's answer.",
    )
    last_status = fields.Integer(
        string="HTTP Status", readonly=True, group_operator=None
    )
    last_error_code = fields.Char(string="Error Code", readonly=True)
    error_id = fields.Many2one(
        "mfg.integration.error.code",
        string="What Happened",
        compute="_compute_error_id",
    )
    attempt_ids = fields.One2many(
        "mfg.integration.attempt",
        "delivery_id",
        string="Attempt History",
        readonly=True,
    )

    @property
    def _table_query(self):
        return _QUERY

    @api.depends("event_id")
    @api.depends_context("uid")
    def _compute_payload(self):
        for delivery in self:
            # sudo: as every field of the event; what is confidential stays hidden
            delivery.payload = delivery.event_id.sudo().payload

    @api.depends("last_error_code")
    def _compute_error_id(self):
        errors = self.env["mfg.integration.error.code"]
        for delivery in self:
            delivery.error_id = errors._for_code(delivery.last_error_code)

    def action_open_record(self):
        """Open the document the message is about."""
        self.ensure_one()
        return self.event_id.action_open_record()

    def action_retry_now(self):
        """Let waiting messages be tried again at once.

        :raises UserError: none of them waits
        """
        self._check_operator()
        self.env.cr.execute(
            """
            UPDATE mfg_integration_delivery
               SET next_at = NULL
             WHERE id = ANY(%s) AND dead_id IS NULL
         RETURNING id
            """,
            [self.ids],
        )
        waiting = self.browse(id_ for (id_,) in self.env.cr.fetchall())
        if not waiting:
            raise UserError(_("Only messages that wait can be tried now."))
        self._changed()
        stopped = waiting.endpoint_id.filtered(lambda each: each.state != "running")
        if stopped:
            return self._notify(
                _(
                    "Tried as soon as messages can be delivered to %(endpoints)s again.",
                    endpoints=", ".join(stopped.mapped("name")),
                ),
                "warning",
            )
        if len(waiting) == 1:
            return self._notify(_("The message is tried now."))
        return self._notify(_("%(count)s messages are tried now.", count=len(waiting)))

    def action_cancel(self):
        """Give up messages that are not delivered yet; their records go on without them."""
        self._check_operator()
        self._cancel(_("Cancelled by %(user)s", user=self.env.user.name))

    def action_replay(self):
        """Send finished messages again, with the same id, so that a receiver that has
        them already can tell."""
        self._check_operator()
        self._replay()
        self._record_replay(None)
        return self._notify_repeated(len(self))

    @api.model
    def _notify_repeated(self, count):
        """Return the action that tells how many messages go again, and reloads."""
        if count == 1:
            return self._notify(_("The message goes again."))
        return self._notify(_("%(count)s messages go again.", count=count))

    @api.model
    def _notify(self, message, kind="success"):
        """Return the action that tells what was done, and reloads."""
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": kind,
                "message": message,
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _check_operator(self):
        if not self.env.user.has_group("mfg_integration_queue.group_operator"):
            raise AccessError(
                _("Only integration operators can repeat or cancel messages.")
            )
        # raises for messages of companies the user has no access to
        self.check_access_rule("read")

    def _replay(self):
        """Queue new deliveries of the same events behind what waits already.

        :raises UserError: a message is still on its way, or its event is gone
        """
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT count(*) FROM mfg_integration_delivery WHERE id = ANY(%s)",
            [self.ids],
        )
        if self.env.cr.fetchone()[0]:
            raise UserError(
                _("A message that is still on its way cannot be sent again.")
            )
        self.env.cr.execute(
            """
            INSERT INTO mfg_integration_delivery
                   (event_id, event_at, interface_id, endpoint_id, company_id, part, lane,
                    class, deadline_at, due_at)
            SELECT l.event_id, l.event_at, l.interface_id, l.endpoint_id, l.company_id,
                   parts.part, l.lane, l.class,
                   timezone('UTC', clock_timestamp()) + i.max_age_hours * interval '1 hour',
                   timezone('UTC', clock_timestamp())
                       + NULLIF(i.sla_max_age_minutes, 0) * interval '1 minute'
              FROM mfg_integration_delivery_log l
              JOIN mfg_integration_event e ON e.id = l.event_id AND e.created_at = l.event_at
              JOIN mfg_integration_interface i ON i.id = l.interface_id
              JOIN unnest(%s::bigint[], %s::integer[]) AS parts(id, part) ON parts.id = l.id
             ORDER BY l.id
            """,
            [
                self.ids,
                [partition_of(each.lane, each.endpoint_id.partitions) for each in self],
            ],
        )
        if self.env.cr.rowcount != len(self):
            raise UserError(
                _("Some messages are not kept any more and cannot be sent again.")
            )
        self._changed()

    def _record_replay(self, note):
        """Write down that messages were sent again which no dead letter stands for."""
        groups = self.grouped(lambda each: (each.interface_id, each.company_id))
        for (interface, company), messages in groups.items():
            # sudo: decisions are written by the buttons that carry them out
            self.env["mfg.integration.decision"].sudo()._record(
                "replayed", interface, company, len(messages), note=note
            )

    def _cancel(self, reason):
        self.env.flush_all()
        self.env.cr.execute(
            """
            WITH gone AS (
                DELETE FROM mfg_integration_delivery WHERE id = ANY(%s) RETURNING *
            ), log AS (
                INSERT INTO mfg_integration_delivery_log
                       (id, event_id, event_at, interface_id, endpoint_id, company_id, lane,
                        class, outcome, attempts, created_at, due_at, first_attempt_at,
                        last_error_code, last_status)
                SELECT id, event_id, event_at, interface_id, endpoint_id, company_id, lane,
                       class, 'cancelled', attempts, created_at, due_at, first_attempt_at,
                       last_error_code, last_status
                  FROM gone
            )
            SELECT dead_id FROM gone WHERE dead_id IS NOT NULL
            """,
            [self.ids],
        )
        letters = self.env["mfg.integration.dead"].browse(
            dead_id for (dead_id,) in self.env.cr.fetchall()
        )
        letters._decide("cancelled", reason)
        self._changed()

    def _changed(self):
        self.env.invalidate_all()
        notify_after_commit(self.env.cr)

    @api.model
    def _count_by_record(self, records):
        """Return record id → number of messages about it that the user may see."""
        events = self.env["mfg.integration.event"].search(
            [("res_model", "=", records._name), ("res_id", "in", records.ids)]
        )
        counts = {}
        for event, count in self._read_group(
            [("event_id", "in", events.ids)], ["event_id"], ["__count"]
        ):
            counts[event.res_id] = counts.get(event.res_id, 0) + count
        return counts

    @api.model
    def _trigger_cron(self):
        """Have the cron deliver soon, for installations without a worker process."""
        cron = self.env.ref(
            "mfg_integration_queue.ir_cron_deliver", raise_if_not_found=False
        )
        if cron:
            cron._trigger()

    @api.model
    def _cron_deliver(self):
        """Deliver what is due, if no worker process does.

        The same loop as the worker's, on connections of its own, for a limited time; it
        asks to be called again when the next retry is due.
        """
        if (
            workers_alive(self.env.cr)
            or not self.env["mfg.integration.activation"]._is_active()
        ):
            return
        endpoints = self.env["mfg.integration.endpoint"]
        dispatcher = Dispatcher(
            self.env.cr.dbname,
            endpoints._dispatch_settings,
            lambda endpoint_id: endpoints.browse(endpoint_id)._announce_gone(),
            mode="cron",
        )
        try:
            dispatcher.run(until=time.monotonic() + self._cron_budget())
        finally:
            dispatcher.close()
        self._schedule_next_cron()

    @api.model
    def _cron_budget(self):
        """Return the seconds one cron run may take: half of what the server grants."""
        limit = config["limit_time_real_cron"]
        if limit < 0:
            limit = config["limit_time_real"]
        return min(CRON_BUDGET, limit / 2) if limit else CRON_BUDGET

    @api.model
    def _schedule_next_cron(self):
        # A connection of its own: this transaction began before the deliveries above.
        with db_connect(self.env.cr.dbname).cursor() as cr:
            cr.execute(
                """
                SELECT MIN(GREATEST(d.next_at, s.open_until,
                                    timezone('UTC', clock_timestamp())))
                  FROM mfg_integration_delivery d
             LEFT JOIN mfg_integration_endpoint_state s USING (endpoint_id)
                 WHERE d.dead_id IS NULL AND s.paused_at IS NULL
                """
            )
            next_at = cr.fetchone()[0]
        if not next_at:
            return
        cron = self.env.ref("mfg_integration_queue.ir_cron_deliver")
        if next_at <= fields.Datetime.now() + CRON_INTERVAL:
            # Odoo looks at future triggers once a minute only: go on right away, the
            # next run waits for what is due within its time.
            cron._trigger()
        else:
            cron._trigger(at=next_at)
