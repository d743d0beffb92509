from odoo import fields, models


class MfgIntegrationEndpointPause(models.TransientModel):
    """Why deliveries to an endpoint are paused."""

    _name = "mfg.integration.endpoint.pause"
    _description = "Pause of Deliveries"

    endpoint_ids = fields.Many2many("mfg.integration.endpoint", required=True)
    reason = fields.Char(required=True)

    def action_pause(self):
        """Pause the endpoints; the reason is shown there and kept in their history."""
        self.ensure_one()
        self.endpoint_ids.action_pause(self.reason)
        return {"type": "ir.actions.act_window_close"}
