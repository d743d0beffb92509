from odoo import api, models


class MfgIntegrationHandlerTestCount(models.AbstractModel):
    """Adds one to the colour of partners, one after the other: parallel ones collide."""

    _name = "mfg.integration.handler.test.count"
    _inherit = "mfg.integration.handler"
    _description = "Handler of test.count"
    _message_type = "test.count"

    @api.model
    def _handle(self, payload, message):
        """Count in the order the message names the partners in."""
        for partner in self.env["res.partner"].browse(payload["partners"]):
            partner.color += 1
            partner.flush_recordset()
        return {"counted": len(payload["partners"])}
