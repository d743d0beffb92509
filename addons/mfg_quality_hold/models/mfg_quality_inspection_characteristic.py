from odoo import _, api, fields, models
from odoo.exceptions import ValidationError


class MfgQualityInspectionCharacteristic(models.Model):
    _name = "mfg.quality.inspection.characteristic"
    _description = "Quality Characteristic"
    _inherit = "mfg.quality.inspection.specification"
    _order = "plan_id, sequence, id"

    plan_id = fields.Many2one(
        "mfg.quality.inspection.plan", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(
        related="plan_id.company_id", store=True, precompute=True
    )

    @api.constrains(
        "kind", "limits", "lower_limit", "upper_limit", "target", "decimals"
    )
    def _check_limits(self):
        for record in self.filtered(lambda record: record.kind == "measured"):
            if not 0 <= record.decimals <= 6:
                raise ValidationError(
                    _("Decimals of %(name)s: enter 0 to 6.", name=record.name)
                )
            crossed = (
                record.limits == "both" and record.lower_limit > record.upper_limit
            )
            missed = record.target and not record._conforms(record.target)
            if crossed or missed:
                raise ValidationError(
                    _(
                        "The limits of %(name)s must not cross, and its target %(target)s "
                        "must lie within them: %(limits)s.",
                        name=record.name,
                        target=record.target,
                        limits=record._limits_text(),
                    )
                )
