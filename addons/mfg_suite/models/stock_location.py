from odoo import api, models
from odoo.osv import expression


class StockLocation(models.Model):
    """For quality, a company of the group is a vendor or a customer as any other one."""

    _inherit = "stock.location"

    def _quality_usage(self, company):
        seller, buyer = self._mfg_ic_transits().get(self.id, (None, None))
        if company.id == buyer:
            return "supplier"
        if company.id == seller:
            return "customer"
        return super()._quality_usage(company)

    @api.model
    def _quality_from_vendors(self, company):
        domain = super()._quality_from_vendors(company)
        places = [
            place
            for place, (_seller, buyer) in self._mfg_ic_transits().items()
            if buyer == company.id
        ]
        if not places:
            return domain
        return expression.OR([domain, [("location_id", "in", places)]])
