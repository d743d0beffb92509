from odoo import api, fields, models


class StockLot(models.Model):
    _inherit = "stock.lot"

    origin_on_hold = fields.Boolean(
        "On Hold at the Seller",
        compute="_compute_origin_on_hold",
        # The buyer learns that there is a hold, not which one.
        compute_sudo=True,
        search="_search_origin_on_hold",
        recursive=True,
        help="A company of the group that delivered these goods holds its lot of them.",
    )

    @api.depends("mfg_origin_lot_id.is_on_hold", "mfg_origin_lot_id.origin_on_hold")
    def _compute_origin_on_hold(self):
        for lot in self:
            origin = lot.mfg_origin_lot_id
            lot.origin_on_hold = origin.is_on_hold or origin.origin_on_hold

    @api.model
    def _search_origin_on_hold(self, operator, value):
        held = found = self.browse()
        # As in the field: lots of other companies count.
        level = self.sudo().search([("is_on_hold", "=", True)])
        while level:
            held = level.mfg_mirror_lot_ids - found
            found |= held
            level = held
        wanted = (operator == "=") == bool(value)
        return [("id", "in" if wanted else "not in", found.ids)]
