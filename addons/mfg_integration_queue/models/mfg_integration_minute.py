from odoo import api, fields, models, tools

from ..engine import minutes


class MfgIntegrationMinute(models.Model):
    """Figures of one minute, interface and endpoint; they outlive the messages."""

    _name = "mfg.integration.minute"
    _description = "Integration Traffic"
    _auto = False
    _order = "minute desc, id desc"
    _rec_name = "minute"

    minute = fields.Datetime(readonly=True)
    direction = fields.Selection(
        [("outbound", "Outbound"), ("inbound", "Inbound")], readonly=True
    )
    interface_id = fields.Many2one("mfg.integration.interface", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    system_id = fields.Many2one("mfg.integration.system", readonly=True)
    endpoint_id = fields.Many2one("mfg.integration.endpoint", readonly=True)
    done = fields.Integer(
        string="Arrived", readonly=True, help="Delivered, or processed here."
    )
    dead = fields.Integer(string="Failed for Good", readonly=True)
    cancelled = fields.Integer(string="Given up", readonly=True)
    rejected = fields.Integer(
        readonly=True, help="Messages that came in and did not fit the contract."
    )
    attempts = fields.Integer(readonly=True)
    failures = fields.Integer(string="Failed Attempts", readonly=True)
    retries = fields.Integer(readonly=True)
    latency_ms = fields.Float(
        string="Average Latency (ms)", readonly=True, group_operator="avg"
    )
    waiting = fields.Integer(
        readonly=True, group_operator="max", help="How many waited in that minute."
    )
    oldest_s = fields.Integer(
        string="Longest Wait (s)",
        readonly=True,
        group_operator="max",
        help="For how long the oldest waiting message had waited.",
    )

    @property
    def _table_query(self):
        return """
            SELECT id, minute, interface_id, company_id, NULLIF(system_id, 0) AS system_id,
                   NULLIF(endpoint_id, 0) AS endpoint_id,
                   CASE WHEN endpoint_id = 0 THEN 'inbound' ELSE 'outbound' END::varchar
                       AS direction,
                   done, dead, cancelled, rejected, attempts, failures, retries,
                   latency_ms::float8 / NULLIF(done, 0) AS latency_ms, waiting, oldest_s
              FROM mfg_integration_minute
        """

    def init(self):
        """Create the tables of the figures."""
        with tools.file_open("mfg_integration_queue/sql/minute.sql") as file:
            self.env.cr.execute(file.read())

    @api.model
    def _cron_roll_up(self):
        """Count the minutes that are over, and note what waits now."""
        minutes.roll_up(self.env.cr)
        minutes.sample(self.env.cr)

    @api.model
    def _cron_forget(self):
        """Drop the figures of minutes long ago."""
        minutes.forget(self.env.cr)
