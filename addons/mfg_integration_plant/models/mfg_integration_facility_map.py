from odoo import api, fields, models


class MfgIntegrationFacilityMap(models.Model):
    """A value map that plants of a template need, filled from their spreadsheet."""

    _name = "mfg.integration.facility.map"
    _description = "Map of a Facility Template"
    _order = "template_id, sequence, id"

    template_id = fields.Many2one(
        "mfg.integration.facility.template",
        required=True,
        ondelete="cascade",
        index=True,
    )
    company_id = fields.Many2one(
        related="template_id.company_id", store=True, precompute=True
    )
    sequence = fields.Integer(default=10)
    name = fields.Char(
        required=True,
        help="As it stands in the column “map” of the spreadsheet, and the name of the "
        "value map.",
    )
    kind = fields.Selection(selection="_selection_kind", required=True, default="value")
    direction = fields.Selection(
        selection="_selection_direction", required=True, default="both"
    )
    allowed_values = fields.Text(
        string="Our Values", help="One a line. Empty: any. Units are those of Odoo."
    )
    required = fields.Boolean(
        help="No plant is connected without an entry of this map."
    )

    _sql_constraints = [
        (
            "name_uniq",
            "unique(template_id, name)",
            "A template has one map of a name.",
        )
    ]

    @api.model
    def _selection_kind(self):
        return self._selection_of_maps("kind")

    @api.model
    def _selection_direction(self):
        return self._selection_of_maps("direction")

    @api.model
    def _selection_of_maps(self, name):
        field = self.env["mfg.integration.value.map"]._fields[name]
        return field._description_selection(self.env)

    def _allowed(self):
        """Return our values as a list; empty: any."""
        self.ensure_one()
        return [
            line.strip()
            for line in (self.allowed_values or "").splitlines()
            if line.strip()
        ]

    def _value_map(self, company):
        """Return the value map of this name that ``company`` uses, or an empty one."""
        self.ensure_one()
        # Names in the spreadsheet are source terms, whatever language the reader has.
        maps = self.env["mfg.integration.value.map"].with_context(lang=None)
        found = maps.search(
            [
                ("name", "=", self.name),
                ("kind", "=", self.kind),
                ("direction", "=", self.direction),
                ("company_id", "in", (company.id, False)),
            ]
        )
        return found.sorted(lambda each: not each.company_id)[:1]
