from odoo import models

from odoo.addons.mfg_multi_company.models.mfg_ic_balance import (
    MfgIcBalance as Balance,
)


class MfgIcBalance(models.Model):
    _inherit = "mfg.ic.balance"
    _depends = {
        **Balance._depends,
        "mfg.ic.flow": ["buyer_company_id", "currency_id", "date", "seller_company_id"],
        "mfg.ic.flow.line": ["flow_id", "price_seller", "qty_transit"],
    }

    def _parts(self):
        """Goods between both, at the price of the deal, in the month of the order."""
        return [
            *super()._parts(),
            """
            SELECT -line.id, flow.seller_company_id, flow.buyer_company_id,
                   flow.currency_id, date_trunc('month', flow.date)::date, 0, 0, 0, 0,
                   line.qty_transit * line.price_seller
              FROM mfg_ic_flow_line line
              JOIN mfg_ic_flow flow ON flow.id = line.flow_id
             WHERE line.qty_transit <> 0
            """,
        ]
