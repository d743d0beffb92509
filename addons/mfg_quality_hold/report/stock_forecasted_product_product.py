from odoo import models

from ..engine.ledger import FREE_STOCK_KEY, FREE_STOCK_ONLY


class StockForecasted(models.AbstractModel):
    _inherit = "stock.forecasted_product_product"

    def _get_report_lines(self, *args, **kwargs):
        """Held stock is promised to nobody: transfers and orders see what is free."""
        free = self.with_context(**{FREE_STOCK_KEY: FREE_STOCK_ONLY})
        return super(StockForecasted, free)._get_report_lines(*args, **kwargs)
