from odoo import models


class StockRule(models.Model):
    _inherit = "stock.rule"

    def _should_auto_confirm_procurement_mo(self, p):
        # An order that needs a release waits as a draft; the demand is not refused.
        return (
            super()._should_auto_confirm_procurement_mo(p) and not p._mfg_unreleased()
        )
