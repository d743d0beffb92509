from odoo import models


class MfgQualityDispositionLine(models.Model):
    _inherit = "mfg.quality.disposition.line"

    def _fits_destination(self, destination, move):
        if self.disposition_id.kind == "donate":
            return destination.usage == "customer"
        return super()._fits_destination(destination, move)
