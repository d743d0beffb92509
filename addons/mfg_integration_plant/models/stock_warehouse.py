from odoo import api, models

from ..messages import stock_available

AVAILABLE = "stock.available"


class StockWarehouse(models.Model):
    _inherit = "stock.warehouse"

    @api.model
    def _mfg_tell_available(self):
        """Tell what every warehouse holds and expects, where somebody listens."""
        interfaces = self.env["mfg.integration.interface"]
        # sudo: the scheduled action, whoever runs it, tells all that is there
        warehouses = self.with_env(self.env(context={})).sudo()
        for warehouse in warehouses.search([]).sorted("id"):  # pylint: disable=no-search-all
            if interfaces._has_subscribers(AVAILABLE, warehouse.company_id):
                warehouse._mfg_tell_pages()

    def _mfg_tell_pages(self):
        self.ensure_one()
        event = self.env["mfg.integration.event"]
        for payload in stock_available.pages(self):
            event.emit(AVAILABLE, self, payload=payload)
            # What a large warehouse holds need not fit into memory: a page at a time.
            self.env.cr.flush()
            self.env.invalidate_all()
