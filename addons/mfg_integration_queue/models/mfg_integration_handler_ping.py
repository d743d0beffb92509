from odoo import api, fields, models


class MfgIntegrationHandlerPing(models.AbstractModel):
    """Answers at once: key, network, signature and contract are right, and Odoo works."""

    _name = "mfg.integration.handler.ping"
    _inherit = "mfg.integration.handler"
    _description = "Handler of system.ping"
    _message_type = "system.ping"

    @api.model
    def _handle(self, payload, message):
        """Return what was sent, who it was taken for, and the time here."""
        return {
            "echo": payload,
            "system": message.system_code,
            "company": self.env.company.name,
            "time": fields.Datetime.now(),
        }
