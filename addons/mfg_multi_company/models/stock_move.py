from odoo import models


class StockMove(models.Model):
    _inherit = "stock.move"

    def _action_done(self, cancel_backorder=False):
        """The last gate: no component is consumed, nothing produced without a release."""
        if self.env["mfg.release.gate"]._by_model().get("mrp.production"):
            moves = self.filtered(lambda move: not move.scrapped)
            orders = moves.raw_material_production_id | moves.production_id
            orders.filtered(
                lambda order: order.state not in ("done", "cancel")
            )._mfg_check_released()
        return super()._action_done(cancel_backorder)
