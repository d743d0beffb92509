from odoo import api, fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    mfg_audit_profile_count = fields.Integer(
        string="Audit Profiles in Use", compute="_compute_mfg_audit"
    )
    mfg_audit_beside_account = fields.Boolean(
        string="Beside Odoo's Audit Trail of Accounting", compute="_compute_mfg_audit"
    )

    @api.depends("company_id")
    def _compute_mfg_audit(self):
        # Which profiles are on, and which apps installed, is no business data.
        profiles = self.env["mfg.audit.profile"].sudo()
        modules = self.env["ir.module.module"].sudo()
        beside = modules._get("account_audit_trail").state == "installed"
        count = profiles.search_count([("switched_on", "=", True)])
        for settings in self:
            settings.mfg_audit_profile_count = count
            settings.mfg_audit_beside_account = beside
