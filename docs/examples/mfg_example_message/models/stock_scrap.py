from odoo import models

from ..messages import stock_scrapped


class StockScrap(models.Model):
    _name = "stock.scrap"
    _inherit = ["stock.scrap", "mfg.integration.told.mixin"]

    _mfg_messages = {"stock.scrapped": stock_scrapped.build}
