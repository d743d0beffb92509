from odoo import fields, models


class MfgIntegrationCredentialReveal(models.TransientModel):
    """Shows a new API key or signing secret once.

    The dialog is never saved: what it shows came with the answer to the button, and the
    database has only the hash.
    """

    _name = "mfg.integration.credential.reveal"
    _description = "Show New API Key"

    credential_id = fields.Many2one(
        "mfg.integration.credential", string="API Key", readonly=True
    )
    system_id = fields.Many2one(related="credential_id.system_id")
    secret = fields.Char(string="To Hand Over", store=False, readonly=True)
