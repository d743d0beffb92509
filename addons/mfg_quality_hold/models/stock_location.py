from odoo import _, api, fields, models
from odoo.exceptions import AccessError

# Changing these makes held stock vanish without a move.
IDENTITY = {"usage", "scrap_location", "location_id", "active", "company_id"}


class StockLocation(models.Model):
    _inherit = "stock.location"

    hold_line_ids = fields.One2many(
        "mfg.quality.hold.line", "location_id", "Hold Lines", readonly=True
    )
    is_on_hold = fields.Boolean(
        "On Quality Hold",
        compute="_compute_is_on_hold",
        store=True,
        recursive=True,
        copy=False,
    )
    is_quarantine = fields.Boolean(
        "Quarantine Location",
        help="Held stock may be moved here without a decision. It stays on hold.",
    )

    @api.depends("hold_line_ids.state", "hold_line_ids.kind", "location_id.is_on_hold")
    def _compute_is_on_hold(self):
        for location in self:
            location.is_on_hold = location.location_id.is_on_hold or any(
                line.state == "active" and line.kind == "location"
                for line in location.hold_line_ids
            )

    @api.model_create_multi
    def create(self, vals_list):
        self._refuse_flag(*vals_list)
        return super().create(vals_list)

    def write(self, vals):
        self._refuse_flag(vals)
        if IDENTITY & set(vals):
            self._check_nothing_held()
        if vals.get("is_quarantine") and not (
            self.env.su or self.env.user.has_group("mfg_quality_hold.group_configure")
        ):
            raise AccessError(
                _(
                    "Quarantine locations are set up with the right Quality Holds: Configure."
                )
            )
        return super().write(vals)

    @api.model
    def _refuse_flag(self, *vals_list):
        """The flag follows the holds; nobody writes it, with or without sudo."""
        if any("is_on_hold" in vals for vals in vals_list):
            raise AccessError(
                _(
                    "Whether a location is on hold follows from its holds. Place or release "
                    "one."
                )
            )

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
            [("location_id", "child_of", self.ids), ("is_on_hold", "=", True)], limit=1
        )
        if held and held.quantity:
            held._refuse_held()
        partial = lines.search(
            [
                ("state", "=", "active"),
                ("kind", "=", "quantity"),
            ]
        )
        for line in partial:
            inside = line._scope_quants().filtered(
                lambda quant: quant.location_id.parent_path.startswith(
                    tuple(location.parent_path for location in self)
                )
            )
            if inside:
                lines._refuse(line, line.product_id, line.lot_id, line.location_id)

    def action_place_on_hold(self):
        """Open the dialog that places the locations on hold."""
        return self.env["mfg.quality.hold.place"]._action_for(self)
