from odoo import api, fields, models


class MfgIntegrationAttempt(models.Model):
    """One try to deliver a message and the answer to it."""

    _name = "mfg.integration.attempt"
    _description = "Integration Delivery Attempt"
    _inherit = ["mfg.integration.answered"]
    _auto = False
    _order = "id desc"
    _rec_name = "attempt_no"

    delivery_id = fields.Many2one(
        "mfg.integration.delivery", string="Message", readonly=True
    )
    event_id = fields.Many2one("mfg.integration.event", readonly=True)
    trace_id = fields.Char(related="event_id.trace_id")
    interface_id = fields.Many2one("mfg.integration.interface", readonly=True)
    endpoint_id = fields.Many2one("mfg.integration.endpoint", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    attempt_no = fields.Integer(string="Attempt", readonly=True, group_operator=None)
    started_at = fields.Datetime(string="Started", readonly=True)
    duration_ms = fields.Integer(
        string="Duration (ms)", readonly=True, group_operator="avg"
    )
    status = fields.Integer(string="HTTP Status", readonly=True, group_operator=None)
    error_code = fields.Char(readonly=True)
    error_id = fields.Many2one(
        "mfg.integration.error.code",
        string="What Happened",
        compute="_compute_error_id",
    )
    worker = fields.Char(readonly=True)
    secret_id = fields.Many2one(
        "mfg.integration.secret",
        string="Signed with",
        readonly=True,
        groups="mfg_integration_queue.group_integrator",
    )

    @property
    def _table_query(self):
        # Partitioned, hence never the table of a model: Odoo would report it missing.
        return "SELECT * FROM mfg_integration_attempt"

    @api.depends("error_code")
    def _compute_error_id(self):
        errors = self.env["mfg.integration.error.code"]
        for attempt in self:
            attempt.error_id = errors._for_code(attempt.error_code)
