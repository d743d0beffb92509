from odoo import models

from ..engine.ledger import FREE_STOCK_KEY, FREE_STOCK_ONLY


class StockWarehouseOrderpoint(models.Model):
    _inherit = "stock.warehouse.orderpoint"

    def _get_orderpoint_action(self):
        """Look for shortages in what is free; a held lot covers none."""
        free = self.with_context(**{FREE_STOCK_KEY: FREE_STOCK_ONLY})
        action = super(StockWarehouseOrderpoint, free)._get_orderpoint_action()
        if isinstance(action.get("context"), dict):
            # The marker is no value for a browser.
            action["context"] = {
                key: value
                for key, value in action["context"].items()
                if key != FREE_STOCK_KEY
            }
        return action
