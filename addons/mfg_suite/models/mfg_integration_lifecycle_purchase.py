from odoo import api, models


class MfgIntegrationLifecyclePurchase(models.AbstractModel):
    _inherit = "mfg.integration.lifecycle.purchase"

    @api.model
    def _hold_domain(self, order):
        """What was received is held as a receipt, or by its lots."""
        receipts = order.picking_ids
        lots = receipts.move_line_ids.lot_id
        return ["|", ("picking_id", "in", receipts.ids), ("lot_id", "in", lots.ids)]
