from odoo import api, fields, models


class StockPicking(models.Model):
    _inherit = "stock.picking"

    has_origin_on_hold = fields.Boolean(
        "Lots on Hold at the Seller", compute="_compute_has_origin_on_hold"
    )

    @api.depends("move_line_ids.lot_id.origin_on_hold")
    def _compute_has_origin_on_hold(self):
        for picking in self:
            picking.has_origin_on_hold = any(
                picking.move_line_ids.lot_id.mapped("origin_on_hold")
            )
