from odoo import _, api, fields, models
from odoo.exceptions import AccessError

# Changing these makes held stock vanish without a move.
IDENTITY = {"usage", "scrap_location", "location_id", "active", "company_id"}


class StockLocation(models.Model):
    _name = "stock.location"
    _inherit = ["stock.location", "mfg.quality.hold.scope"]
    _hold_kind = "location"

    hold_line_ids = fields.One2many(
        "mfg.quality.hold.line", "location_id", "Hold Lines", readonly=True
    )
    is_on_hold = fields.Boolean(recursive=True)
    is_quarantine = fields.Boolean(
        "Quarantine Location",
        help="Held stock may be moved here without a decision. It stays on hold.",
    )

    @api.depends("location_id.is_on_hold")
    def _compute_is_on_hold(self):
        res = super()._compute_is_on_hold()
        for location in self:
            if location.location_id.is_on_hold:
                location.is_on_hold = True
        return res

    @api.model_create_multi
    def create(self, vals_list):
        locations = super().create(vals_list)
        locations._check_may_be_quarantine()
        return locations

    def write(self, vals):
        if IDENTITY & set(vals):
            self._check_nothing_held()
        res = super().write(vals)
        if "is_quarantine" in vals:
            self._check_may_be_quarantine()
        return res

    def _check_may_be_quarantine(self):
        """Refuse that others than quality say where held stock may be brought."""
        if any(self.mapped("is_quarantine")) and not (
            self.env.su or self.env.user.has_group("mfg_quality_hold.group_configure")
        ):
            raise AccessError(
                _(
                    "Quarantine locations are set up with the right Quality Holds: Configure."
                )
            )

    # -- where stock comes from ----------------------------------------------------------

    def _quality_usage(self, company):
        """Hook: what the location is to a company, in Odoo's words, such as supplier."""
        return self.usage

    @api.model
    def _quality_from_vendors(self, company):
        """Hook: domain of move lines that bring what vendors of a company deliver."""
        return [("location_id.usage", "=", "supplier")]

    def _hold_lines_to_show(self):
        """Holds on a location above count for what is below."""
        return self.env["mfg.quality.hold.line"].search(
            [("kind", "=", "location"), ("location_id", "parent_of", self.ids)]
        )

    @api.model
    def _search_held(self):
        """Locations below are on hold as well."""
        return self.search([("id", "child_of", super()._search_held().ids)])

    def _check_nothing_held(self):
        """Refuse what would take held stock out of our locations."""
        # Every hold counts, whoever changes the location.
        lines = self.env["mfg.quality.hold.line"].sudo()
        for location in self.filtered("is_on_hold"):
            lines._refuse(
                lines.search(
                    [
                        ("state", "=", "active"),
                        ("kind", "=", "location"),
                        ("location_id", "parent_of", location.id),
                    ]
                ),
                location,
            )
        quants = self.env["stock.quant"].sudo()  # of all owners, whoever asks
        held = quants.search(
            [
                ("location_id", "child_of", self.ids),
                ("is_on_hold", "=", True),
                ("quantity", "!=", 0),
            ],
            limit=1,
        )
        if held:
            held._refuse_held()
        partial = lines.search([("state", "=", "active"), ("kind", "=", "quantity")])
        for line in partial:
            inside = line._scope_quants().filtered(
                lambda quant: quant.location_id.parent_path.startswith(
                    tuple(location.parent_path for location in self)
                )
            )
            if inside:
                lines._refuse(line, line.product_id, line.lot_id, line.location_id)
