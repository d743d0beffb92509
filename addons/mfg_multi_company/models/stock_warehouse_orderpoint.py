from odoo import models

from ..engine.ledger import ledger


class StockWarehouseOrderpoint(models.Model):
    _inherit = "stock.warehouse.orderpoint"

    def _post_process_scheduler(self):
        with ledger(self.env.cr).scheduler():
            return super()._post_process_scheduler()
