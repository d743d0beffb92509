from odoo import _, fields, models


class MfgIntegrationCredentialCreate(models.TransientModel):
    """Asks what a new API key is for."""

    _name = "mfg.integration.credential.create"
    _description = "New API Key"
    _check_company_auto = True

    system_id = fields.Many2one(
        "mfg.integration.system", required=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="system_id.company_id")
    name = fields.Char(required=True, help="Who holds the key, e.g. MES gateway.")
    interface_ids = fields.Many2many(
        "mfg.integration.interface",
        string="Interfaces",
        relation="mfg_integration_credential_create_interface_rel",
        domain="[('direction', '=', 'inbound')]",
        check_company=True,
        required=True,
        help="What the key may send.",
    )
    allowed_networks = fields.Text(
        help="Where the key may be used from, one network a line, e.g. 10.20.0.0/16. "
        "Empty: from anywhere."
    )
    expires_at = fields.Datetime(string="Expires")

    def action_create(self):
        """Create the key and show it, this one time.

        :raises ValidationError: the system has no service user
        """
        self.ensure_one()
        credentials = self.env["mfg.integration.credential"]
        credentials.check_access_rights("write")
        self.system_id.check_access_rule("write")
        credential, text = credentials._issue(
            {
                "name": self.name,
                "system_id": self.system_id.id,
                "interface_ids": [(6, 0, self.interface_ids.ids)],
                "allowed_networks": self.allowed_networks,
                "expires_at": self.expires_at,
            }
        )
        return credential._reveal(text, _("New API Key"))
