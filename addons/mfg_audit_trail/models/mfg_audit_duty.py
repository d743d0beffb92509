from odoo import fields, models


class MfgAuditDuty(models.Model):
    """Something that one person may do, as long as the same person does not do another."""

    _name = "mfg.audit.duty"
    _description = "Duty"
    _order = "name"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    group_ids = fields.Many2many(
        "res.groups",
        "mfg_audit_duty_group_rel",
        string="Groups",
        help="Who is in one of them could do it. None chosen: who has the access rights"
        " for the operations.",
    )
    operation_ids = fields.One2many(
        "mfg.audit.duty.operation", "duty_id", string="Operations", copy=True
    )
