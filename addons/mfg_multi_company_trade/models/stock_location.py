from odoo import _, api, fields, models, tools


class StockLocation(models.Model):
    _inherit = "stock.location"

    mfg_ic_seller_id = fields.Many2one(
        "res.company", "Intercompany Seller", readonly=True, index="btree_not_null"
    )
    mfg_ic_buyer_id = fields.Many2one(
        "res.company", "Intercompany Buyer", readonly=True, index="btree_not_null"
    )

    _sql_constraints = [
        (
            "mfg_ic_pair_uniq",
            "unique(mfg_ic_seller_id, mfg_ic_buyer_id)",
            "There is a transit location of these two companies already.",
        ),
    ]

    @api.model
    @tools.ormcache()
    def _mfg_ic_transits(self):
        """{location id: (seller id, buyer id)} of all transits between two companies.

        Moves elsewhere leave after one look into it.
        """
        # Who moves goods need not see the transits of others.
        places = self.sudo().search([("mfg_ic_seller_id", "!=", False)])
        return {
            place.id: (place.mfg_ic_seller_id.id, place.mfg_ic_buyer_id.id)
            for place in places
        }

    @api.model
    def _mfg_ic_transit(self, seller, buyer):
        """The transit of a pair.

        It stands below the customers, so that the delivery rules of each warehouse lead
        there, whatever its steps. Without a company it is not valued: goods leave the books
        of the seller when they are shipped and enter the buyer's when they are received.
        """
        pair = (seller.id, buyer.id)
        for place, known in self._mfg_ic_transits().items():
            if known == pair:
                return self.browse(place)
        place = self.create(
            {
                "name": _(
                    "In transit: %(seller)s to %(buyer)s",
                    seller=seller.name,
                    buyer=buyer.name,
                ),
                "usage": "transit",
                "company_id": False,
                "location_id": self.env.ref("stock.stock_location_customers").id,
                "mfg_ic_seller_id": seller.id,
                "mfg_ic_buyer_id": buyer.id,
            }
        )
        self.env.registry.clear_cache()
        return place
