from odoo import models


class AccountMove(models.Model):
    _inherit = "account.move"

    def _mfg_ic_flow(self):
        """An invoice of a sale continues the flow of its order."""
        for sale in self.invoice_line_ids.sale_line_ids.order_id:
            if sale.mfg_ic_flow_id:
                return sale.mfg_ic_flow_id.sudo()  # as in the base
        return super()._mfg_ic_flow()
