from odoo import _, api, fields, models
from odoo.exceptions import ValidationError

from ..messages.vocabulary import number


class MfgIntegrationTriggerLine(models.Model):
    """One value of a message that a trigger makes without code."""

    _name = "mfg.integration.trigger.line"
    _description = "Value of a Triggered Message"
    _order = "trigger_id, sequence, id"

    trigger_id = fields.Many2one(
        "mfg.integration.trigger", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(
        related="trigger_id.company_id", store=True, precompute=True
    )
    sequence = fields.Integer(default=10)
    name = fields.Char(string="In the Message", required=True)
    path = fields.Char(
        string="From the Document",
        required=True,
        help="Technical names of fields with dots between them, such as partner_id.ref.",
    )

    _sql_constraints = [
        (
            "name_uniq",
            "unique(trigger_id, name)",
            "A value stands once in a message.",
        )
    ]

    @api.constrains("path", "trigger_id")
    def _check_path(self):
        for line in self:
            model = self.env[line.trigger_id.model]
            *relations, last = line.path.strip().split(".")
            for name in relations:
                field = model._fields.get(name)
                if field is None or field.type != "many2one":
                    line._refuse(model, name)
                self._check_readable(model, name)
                model = self.env[field.comodel_name]
            if last not in model._fields or model._fields[last].relational:
                line._refuse(model, last)
            self._check_readable(model, last)

    def _check_readable(self, model, name):
        """Nobody has others told what he may not read himself: messages are made with all
        rights.

        :raises AccessError: the user may not read the field
        """
        model.check_access_rights("read")
        model.check_field_access_rights("read", [name])

    def _refuse(self, model, name):
        raise ValidationError(
            _(
                "“%(path)s”: %(model)s has no plain field “%(name)s”.",
                path=self.path,
                model=model._description,
                name=name,
            )
        )

    def _payload(self, record):
        """Return the message about ``record``, in the language of the source terms."""
        record = record.with_context(lang=None)
        return {line.name: line._value(record) for line in self}

    def _value(self, record):
        *relations, last = self.path.strip().split(".")
        for name in relations:
            record = record[name]
        field = record._fields[last]
        value = record[last]
        if field.type == "boolean":
            return value
        if field.type in ("float", "monetary"):
            return number(value, 1e-6)
        if field.type == "integer":
            return value
        return value or None
