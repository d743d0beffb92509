from odoo import models


class StockMove(models.Model):
    _inherit = "stock.move"

    def _action_done(self, cancel_backorder=False):
        """The last gate: nothing is received for an order that changed since."""
        if self.env["mfg.release.gate"]._by_model().get("purchase.order"):
            receipts = self.filtered(
                lambda move: move.purchase_line_id and not move._is_purchase_return()
            )
            receipts.purchase_line_id.order_id._mfg_check_released()
        return super()._action_done(cancel_backorder)
