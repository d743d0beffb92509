from odoo import _, api, fields, models
from odoo.exceptions import ValidationError


class MfgAuditDutyOperation(models.Model):
    """How the trail shows that somebody has done a duty."""

    _name = "mfg.audit.duty.operation"
    _description = "Operation of a Duty"
    _order = "duty_id, id"
    _rec_name = "model_name"

    duty_id = fields.Many2one(
        "mfg.audit.duty", required=True, ondelete="cascade", index=True
    )
    model_name = fields.Char(
        string="Model",
        required=True,
        help="Technical name; its app need not be installed.",
    )
    operation = fields.Selection(
        [("I", "Created"), ("U", "Changed"), ("D", "Deleted")], required=True
    )
    field_name = fields.Char(
        string="Field", help="Only changes of this field; technical name."
    )
    value = fields.Char(help="Only changes of the field to this value.")
    chain_field = fields.Char(
        string="Chain",
        help="Field with the record by which documents belong together, as partner_id."
        " Empty: the record itself.",
    )

    @api.constrains("model_name", "field_name", "value", "chain_field")
    def _check_fields(self):
        for line in self.filtered(lambda each: each.model_name in self.env):
            known = self.env[line.model_name]._fields
            for name in filter(None, (line.field_name, line.chain_field)):
                if name not in known or not known[name].store:
                    raise ValidationError(
                        _(
                            "%(model)s stores no field %(field)s.",
                            model=line.model_name,
                            field=name,
                        )
                    )
            if line.chain_field and known[line.chain_field].type != "many2one":
                raise ValidationError(
                    _(
                        "%(field)s of %(model)s does not point to one record: choose a"
                        " field that does, as Chain.",
                        field=line.chain_field,
                        model=line.model_name,
                    )
                )
            if line.value and not line.field_name:
                raise ValidationError(
                    _("Name the field whose value is %(value)s.", value=line.value)
                )
