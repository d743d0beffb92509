from odoo import api, models


class MfgIntegrationSetting(models.AbstractModel):
    """Part of what workers and cached routes know of the configuration."""

    _name = "mfg.integration.setting"
    _description = "Integration Setting"

    @api.model_create_multi
    def create(self, vals_list):
        """Tell the workers."""
        records = super().create(vals_list)
        self.env["mfg.integration.endpoint"]._settings_changed()
        return records

    def write(self, vals):
        """Tell the workers."""
        res = super().write(vals)
        self.env["mfg.integration.endpoint"]._settings_changed()
        return res

    def unlink(self):
        """Tell the workers."""
        res = super().unlink()
        self.env["mfg.integration.endpoint"]._settings_changed()
        return res
