from odoo import api, models


class StockMoveLine(models.Model):
    _inherit = "stock.move.line"

    @api.model
    def _is_containment(self, source, destination):
        """What comes back to the company that sold it stays on its hold, there as well."""
        seller, _buyer = source._mfg_ic_transits().get(source.id, (None, None))
        return super()._is_containment(source, destination) or bool(
            seller
            and destination.usage == "internal"
            and destination.company_id.id == seller
        )
