from odoo import _, api, fields, models
from odoo.exceptions import ValidationError

from .mfg_audit_alert_rule import SEVERITIES


class MfgAuditDutyConflict(models.Model):
    """Two duties that belong to different people."""

    _name = "mfg.audit.duty.conflict"
    _description = "Conflict of Duties"
    _order = "severity desc, id"

    name = fields.Char(compute="_compute_name", store=True)
    active = fields.Boolean(default=True)
    first_id = fields.Many2one(
        "mfg.audit.duty", string="Duty", required=True, ondelete="cascade", index=True
    )
    second_id = fields.Many2one(
        "mfg.audit.duty", string="And", required=True, ondelete="cascade", index=True
    )
    severity = fields.Selection(SEVERITIES, required=True, default="1")
    risk = fields.Text(translate=True, help="What one person with both could do.")

    _sql_constraints = [
        (
            "pair_unique",
            "UNIQUE(first_id, second_id)",
            "There is a conflict of these two duties already.",
        )
    ]

    @api.depends("first_id.name", "second_id.name")
    def _compute_name(self):
        for conflict in self:
            conflict.name = f"{conflict.first_id.name} / {conflict.second_id.name}"

    @api.constrains("first_id", "second_id")
    def _check_duties(self):
        for conflict in self:
            if conflict.first_id == conflict.second_id:
                raise ValidationError(
                    _(
                        "%(duty)s does not conflict with itself: choose two duties.",
                        duty=conflict.first_id.name,
                    )
                )
