from odoo import models


class MfgQualityDispositionLine(models.Model):
    _inherit = "mfg.quality.disposition.line"

    def _prepare_move_vals(self, quant, quantity, destination, picking, production):
        values = super()._prepare_move_vals(
            quant, quantity, destination, picking, production
        )
        if picking:
            receipt = self._returned_receipt()
            # The order then counts what went back as not received.
            values["purchase_line_id"] = receipt.purchase_line_id.id
        return values

    def _count_done(self):
        res = super()._count_done()
        self.disposition_id._draft_credit_notes()
        return res
