from odoo import models

from ..messages import stock_changed


class StockMove(models.Model):
    _name = "stock.move"
    _inherit = ["stock.move", "mfg.integration.told.mixin"]

    _mfg_collections = {"stock.changed": stock_changed.collect}
