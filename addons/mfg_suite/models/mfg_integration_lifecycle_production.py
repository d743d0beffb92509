from odoo import api, models


class MfgIntegrationLifecycleProduction(models.AbstractModel):
    _inherit = "mfg.integration.lifecycle.production"

    @api.model
    def _hold_domain(self, order):
        """What was made is held as an order, at a work order, or by its lots."""
        lots = order.move_finished_ids.move_line_ids.lot_id
        return [
            "|",
            "|",
            ("production_id", "=", order.id),
            ("workorder_id", "in", order.workorder_ids.ids),
            ("lot_id", "in", lots.ids),
        ]
