import os
import signal

from odoo import api, models


class MfgIntegrationHandlerTestCrash(models.AbstractModel):
    """Kills its own process where the message says so."""

    _name = "mfg.integration.handler.test.crash"
    _inherit = "mfg.integration.handler"
    _description = "Handler of test.crash"
    _message_type = "test.crash"

    @api.model
    def _handle(self, payload, message):
        """Leave a note on the partner, then die or not."""
        partner = self.env["res.partner"].browse(payload["partner"])
        partner.color += 1
        partner.flush_recordset()
        if payload["crash"]:
            os.kill(os.getpid(), signal.SIGKILL)
        return {}
