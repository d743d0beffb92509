from odoo import _, api, fields, models
from odoo.exceptions import ValidationError


class MfgAuditDutyMitigation(models.Model):
    """Why one person may have two duties for a while, and who answers for it."""

    _name = "mfg.audit.duty.mitigation"
    _description = "Mitigation of a Conflict of Duties"
    _order = "valid_until desc, id desc"
    _rec_name = "conflict_id"

    conflict_id = fields.Many2one(
        "mfg.audit.duty.conflict", required=True, ondelete="restrict", index=True
    )
    user_id = fields.Many2one("res.users", required=True, index=True)
    company_id = fields.Many2one(
        "res.company", index=True, help="Empty: in all companies."
    )
    measure = fields.Text(required=True, help="What is done instead, and by whom.")
    valid_until = fields.Date(required=True)
    approved_by_id = fields.Many2one(
        "res.users",
        readonly=True,
        default=lambda self: self.env.uid,
    )

    @api.constrains("user_id", "approved_by_id")
    def _check_approver(self):
        for mitigation in self:
            if mitigation.user_id == mitigation.approved_by_id:
                raise ValidationError(
                    _(
                        "Somebody else than %(user)s approves this.",
                        user=mitigation.user_id.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        """Approved by whoever writes it."""
        mitigations = super().create(
            [{**vals, "approved_by_id": self.env.uid} for vals in vals_list]
        )
        mitigations._apply()
        return mitigations

    def write(self, vals):
        """Approved by whoever changed it last."""
        result = super().write({**vals, "approved_by_id": self.env.uid})
        self._apply()
        return result

    def unlink(self):
        """The findings are open again."""
        result = super().unlink()
        self.env["mfg.audit.duty.finding"]._mitigate()
        return result

    def _apply(self):
        self.env["mfg.audit.duty.finding"]._mitigate()
