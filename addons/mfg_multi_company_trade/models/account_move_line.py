from odoo import models


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def _mfg_ic_prepare_bill_lines(self, env, agreement):
        """Bill lines know the order lines that they are about."""
        lines = super()._mfg_ic_prepare_bill_lines(env, agreement)
        sold = self.sale_line_ids
        if not sold:
            return lines
        # Which line of the buyer it is, is found past the rules.
        items = self.env["mfg.ic.flow.line"].sudo()
        bought = {
            item.seller_line_id: item.buyer_line_id
            for item in items.search([("seller_line_id", "in", sold.ids)])
        }
        for line, values in zip(self, lines, strict=True):
            ids = [bought[sale.id] for sale in line.sale_line_ids if sale.id in bought]
            if len(ids) == 1:
                values["purchase_line_id"] = ids[0]
        return lines
