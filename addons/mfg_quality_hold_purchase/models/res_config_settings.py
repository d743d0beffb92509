from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    quality_bill_policy = fields.Selection(
        related="company_id.quality_bill_policy", readonly=False, required=True
    )
