from odoo import _, api, fields, models
from odoo.exceptions import ValidationError

SEVERITIES = [("minor", "Minor"), ("major", "Major"), ("critical", "Critical")]


class MfgQualityHoldReason(models.Model):
    _name = "mfg.quality.hold.reason"
    _description = "Quality Hold Reason"
    _order = "sequence, code"
    _rec_names_search = ["code", "name"]

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True, help="Short name that interfaces and rules use.")
    sequence = fields.Integer(default=10)
    active = fields.Boolean(
        default=True, help="A closed reason stays on old holds and takes no new ones."
    )
    company_id = fields.Many2one(
        "res.company", help="Leave empty to share the reason between companies."
    )
    severity = fields.Selection(SEVERITIES, required=True, default="major")
    nettable = fields.Boolean(
        help="Planning keeps counting the stock: it is expected to be released. "
        "Otherwise it is left out of the forecast and replenished."
    )
    review_days = fields.Integer(
        default=7, help="Days until somebody must look at the hold again."
    )
    sla_hours = fields.Integer(
        string="Decision within (Hours)",
        default=48,
        help="A hold that is open longer is late and escalates.",
    )
    escalate_to_id = fields.Many2one(
        "res.users",
        "Escalate to",
        help="Is reminded when the decision is late by another such period. Empty: the "
        "responsible person again.",
    )

    _sql_constraints = [
        (
            "code_company_uniq",
            "unique(code, company_id)",
            "The code of a hold reason must be unique.",
        ),
    ]

    @api.constrains("review_days", "sla_hours")
    def _check_periods(self):
        for reason in self:
            if reason.review_days < 0 or reason.sla_hours < 0:
                raise ValidationError(
                    _(
                        "Days and hours of reason %(reason)s must not be negative.",
                        reason=reason.name,
                    )
                )

    @api.depends("code", "name")
    def _compute_display_name(self):
        for reason in self:
            reason.display_name = f"[{reason.code}] {reason.name}"
