from odoo import _, api, fields, models
from odoo.exceptions import ValidationError

from ..engine.values import SUPPORTED

MODES = [
    ("global", "Global"),
    ("inherited", "Inherited"),
    ("local", "Local"),
]


class MfgDataPolicyLine(models.Model):
    """What a data policy says about one field."""

    _name = "mfg.data.policy.line"
    _description = "Field of a Data Policy"
    _order = "policy_id, mode, id"
    _rec_name = "field_id"

    policy_id = fields.Many2one(
        "mfg.data.policy", required=True, ondelete="cascade", index=True
    )
    model_id = fields.Many2one(related="policy_id.model_id")
    field_id = fields.Many2one(
        "ir.model.fields",
        required=True,
        ondelete="cascade",
        domain="[('model_id', '=', model_id), ('ttype', 'not in', "
        "('one2many', 'binary', 'json', 'properties', 'properties_definition'))]",
    )
    mode = fields.Selection(
        MODES,
        required=True,
        default="global",
        help="Global: the steward of the group changes it. Inherited: the same, but a "
        "company may deviate. Local: whoever has the right, also where a later policy "
        "says otherwise.",
    )
    override = fields.Selection(
        [("none", "Never"), ("approval", "With Approval"), ("free", "Freely")],
        "Deviation",
        required=True,
        default="approval",
        help="Whether a company may have another value than the one it inherits.",
    )
    approver_role_id = fields.Many2one(
        "mfg.plant.role",
        "Also Decided by",
        help="Who, beside the steward of the group, decides on deviations of a plant.",
    )

    _sql_constraints = [
        (
            "field_uniq",
            "unique(policy_id, field_id)",
            "A policy names each field once.",
        ),
    ]

    @api.constrains("field_id", "policy_id", "mode")
    def _check_field(self):
        for line in self:
            field, model = line.field_id, line.policy_id.model_id
            if field.model_id != model:
                raise ValidationError(
                    _(
                        "Field %(field)s does not belong to %(model)s.",
                        field=field.field_description,
                        model=model.name,
                    )
                )
            if field.ttype not in SUPPORTED:
                raise ValidationError(
                    _(
                        "%(field)s is a list of records or a file. Make a policy for the "
                        "records in it instead.",
                        field=field.field_description,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        self.env.registry.clear_cache()
        return lines

    def write(self, vals):
        res = super().write(vals)
        self.env.registry.clear_cache()
        return res

    def unlink(self):
        res = super().unlink()
        self.env.registry.clear_cache()
        return res
