from odoo import _, api, fields, models
from odoo.exceptions import AccessError


class StockQuantPackage(models.Model):
    _inherit = "stock.quant.package"

    hold_line_ids = fields.One2many(
        "mfg.quality.hold.line", "package_id", "Hold Lines", readonly=True
    )
    is_on_hold = fields.Boolean(
        "On Quality Hold", compute="_compute_is_on_hold", store=True, copy=False
    )

    @api.depends("hold_line_ids.state", "hold_line_ids.kind")
    def _compute_is_on_hold(self):
        for package in self:
            package.is_on_hold = any(
                line.state == "active" and line.kind == "package"
                for line in package.hold_line_ids
            )

    @api.model_create_multi
    def create(self, vals_list):
        self._refuse_flag(*vals_list)
        return super().create(vals_list)

    def write(self, vals):
        self._refuse_flag(vals)
        return super().write(vals)

    @api.model
    def _refuse_flag(self, *vals_list):
        """The flag follows the holds; nobody writes it, with or without sudo."""
        if any("is_on_hold" in vals for vals in vals_list):
            raise AccessError(
                _(
                    "Whether a package is on hold follows from its holds. Place or release "
                    "one."
                )
            )

    def action_place_on_hold(self):
        """Open the dialog that places the packages on hold."""
        return self.env["mfg.quality.hold.place"]._action_for(self)
