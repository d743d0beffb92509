from odoo import _, api, fields, models
from odoo.exceptions import ValidationError

DOMAINS = [
    ("item", "Items"),
    ("vendor", "Vendors"),
    ("customer", "Customers"),
    ("bom", "Bills of Materials"),
    ("routing", "Routings and Work Centers"),
    ("finance", "Finance Mappings"),
]


class MfgPlantDomain(models.Model):
    """Who owns a kind of master data, and which system it is kept in."""

    _name = "mfg.plant.domain"
    _description = "Data Domain of a Plant"
    _order = "domain, plant_id, date_from desc"

    domain = fields.Selection(DOMAINS, required=True)
    plant_id = fields.Many2one(
        "mfg.plant",
        ondelete="cascade",
        index=True,
        help="Leave empty for the steward of the whole group.",
    )
    company_id = fields.Many2one(
        related="plant_id.company_id", store=True, precompute=True
    )
    steward_id = fields.Many2one(
        "res.users",
        required=True,
        domain="[('share', '=', False)]",
        help="Decides on changes of this data and works off what is wrong with it.",
    )
    system_of_record = fields.Selection(
        [
            ("group", "Group"),
            ("local", "Plant"),
            ("external", "Another System"),
        ],
        string="System of Record",
        required=True,
        default="group",
        help="Where a change begins.",
    )
    external_system = fields.Char(help="Name of the other system.")
    date_from = fields.Date(
        "From", required=True, default=lambda self: fields.Date.context_today(self)
    )
    date_to = fields.Date("Until", help="Last day; empty: open.")

    @api.constrains("system_of_record", "external_system")
    def _check_external_system(self):
        for row in self:
            if row.system_of_record == "external" and not row.external_system:
                raise ValidationError(
                    _("Name the External System that %(what)s is kept in.", what=row)
                )

    @api.constrains("domain", "plant_id", "date_from", "date_to")
    def _check_periods(self):
        for row in self:
            if row.date_to and row.date_to < row.date_from:
                raise ValidationError(
                    _("Until (%(date)s) is before From.", date=row.date_to)
                )
        # Rows of other companies never meet these, group rows are seen by all.
        rows = self.search(
            [
                ("domain", "in", self.mapped("domain")),
                ("plant_id", "in", [*self.plant_id.ids, False]),
            ]
        )
        for row in self:
            for other in rows - row:
                if (
                    (row.domain, row.plant_id) == (other.domain, other.plant_id)
                    and (not row.date_to or other.date_from <= row.date_to)
                    and (not other.date_to or row.date_from <= other.date_to)
                ):
                    raise ValidationError(
                        _(
                            "%(steward)s already is steward of %(what)s in that period. "
                            "Set the field Until there first.",
                            steward=other.steward_id.name,
                            what=other.display_name,
                        )
                    )

    @api.depends("domain", "plant_id")
    def _compute_display_name(self):
        labels = dict(self._fields["domain"]._description_selection(self.env))
        for row in self:
            where = row.plant_id.code or _("Group")
            row.display_name = f"{labels.get(row.domain, '')} ({where})"

    @api.model
    def _steward(self, domain, plant=None):
        """Who answers for a domain today, in a plant or in the group.

        :param str domain: a key of ``DOMAINS``
        :param plant: ``mfg.plant``; its steward comes before the group's
        :return: ``res.users``, empty if nobody is named
        """
        # Everybody may know whom to ask.
        rows = self.sudo().search(
            [
                ("domain", "=", domain),
                ("plant_id", "in", [*(plant.ids if plant else ()), False]),
                *self.env["mfg.plant"]._valid_on(fields.Date.context_today(self)),
            ]
        )
        own = rows.filtered("plant_id") or rows
        return own[:1].steward_id
