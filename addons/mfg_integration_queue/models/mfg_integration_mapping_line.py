from odoo import _, api, fields, models
from odoo.exceptions import ValidationError

from ..engine import paths
from ..engine.mapping import Reference, XrefStep


class MfgIntegrationMappingLine(models.Model):
    """One translation of a contract version: which value, by which means."""

    _name = "mfg.integration.mapping.line"
    _description = "Integration Mapping Step"
    _order = "version_id, sequence, id"
    _rec_name = "path"

    version_id = fields.Many2one(
        "mfg.integration.interface.version",
        string="Contract",
        required=True,
        ondelete="cascade",
        index=True,
    )
    company_id = fields.Many2one(
        related="version_id.company_id", store=True, precompute=True
    )
    sequence = fields.Integer(default=10)
    path = fields.Char(
        string="Field",
        required=True,
        help="Names joined by dots; [] stands for every line of a list: "
        "components[].quantity.unit.",
    )
    kind = fields.Selection(
        [
            ("value", "Value map"),
            ("unit", "Unit of measure"),
            ("xref", "Cross reference"),
        ],
        string="Translated by",
        required=True,
        default="value",
    )
    value_map_id = fields.Many2one(
        "mfg.integration.value.map", string="Map", ondelete="restrict"
    )
    quantity_field = fields.Char(
        string="Quantity beside It",
        help="Name of the number in the same object that is converted with the unit.",
    )
    model_id = fields.Many2one(
        "ir.model",
        string="Kind of Record",
        ondelete="cascade",
        domain=[("transient", "=", False)],
    )
    key_field = fields.Char(
        string="Named by",
        default="id",
        help="Technical name of the field by which our messages name the record, such as "
        "default_code or id.",
    )

    @api.constrains(
        "path", "kind", "value_map_id", "quantity_field", "model_id", "key_field"
    )
    def _check_complete(self):
        for line in self:
            try:
                paths.parse(line.path)
            except ValueError as error:
                raise ValidationError(
                    _("“Field” of a translation cannot be used: %(cause)s", cause=error)
                ) from error
            if line.kind == "xref":
                line._reference_of_records()
            elif line.value_map_id.kind != line.kind:
                raise ValidationError(
                    _(
                        "Field %(path)s needs a map of the kind “%(kind)s”.",
                        path=line.path,
                        kind=dict(
                            line.value_map_id._fields["kind"]._description_selection(
                                self.env
                            )
                        )[line.kind],
                    )
                )
            if line.kind == "unit" and not line.quantity_field:
                raise ValidationError(
                    _(
                        "Field %(path)s is a unit: name the quantity beside it, which is "
                        "converted with it.",
                        path=line.path,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        """Only drafts are changed."""
        lines = super().create(vals_list)
        lines._check_version()
        lines._note(_("Translation added"))
        return lines

    def write(self, vals):
        """Only drafts are changed."""
        self._check_version()
        res = super().write(vals)
        self._check_version()
        self._note(_("Translation changed"))
        return res

    @api.ondelete(at_uninstall=False)
    def _unlink_except_agreed(self):
        self._check_version()
        self._note(_("Translation removed"))

    def _check_version(self):
        # Contracts that are shipped come approved, steps and all.
        if not self.env.su:
            self.version_id._check_draft()
        self.env["mfg.integration.endpoint"]._settings_changed()

    def _note(self, text):
        for line in self:
            self.env["mfg.integration.contract.change"]._note(
                line.version_id, "edited", f"{text}: {line.path}"
            )

    def _step(self, system, direction):
        """Return this translation for a mapping plan.

        :raises UserError: what it refers to is not there any more
        """
        path = paths.parse(self.path)
        if self.kind != "xref":
            return self.value_map_id._step(path, self.quantity_field, system, direction)
        model = self._reference_of_records()
        return XrefStep(
            self.model_id.name,
            path,
            Reference(
                system.id,
                model._name,
                model._table,
                self.key_field,
                direction == "outbound",
            ),
        )

    def _reference_of_records(self):
        """Return the model whose records are meant.

        :raises UserError: it has no table, or the key is no column of text in it
        """
        name = self.model_id.model
        model = self.env.get(name)
        if model is None or not model._auto or model._transient:
            raise ValidationError(
                _(
                    "Field %(path)s: choose the kind of record it names.",
                    path=self.path,
                )
            )
        field = model._fields.get(self.key_field)
        usable = field and field.store and field.column_type
        if self.key_field != "id" and not (
            usable and field.type == "char" and not field.translate
        ):
            raise ValidationError(
                _(
                    "Field %(path)s: “%(key)s” cannot name a record of kind %(kind)s. Use "
                    "id, or a stored text field that is not translated.",
                    path=self.path,
                    key=self.key_field,
                    kind=self.model_id.name,
                )
            )
        return model
