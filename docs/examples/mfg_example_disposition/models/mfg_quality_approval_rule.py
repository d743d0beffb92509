from odoo import fields, models


class MfgQualityApprovalRule(models.Model):
    _inherit = "mfg.quality.approval.rule"

    kind = fields.Selection(
        selection_add=[("donate", "Donate")], ondelete={"donate": "cascade"}
    )
