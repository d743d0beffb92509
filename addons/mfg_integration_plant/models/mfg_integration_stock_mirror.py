from odoo import api, fields, models


class MfgIntegrationStockMirror(models.Model):
    """Stock of a plant that is not kept in Odoo, as its system reported it last."""

    _name = "mfg.integration.stock.mirror"
    _description = "Mirrored Stock"
    _order = "system_id, place, item, lot_name"
    _rec_name = "item"

    system_id = fields.Many2one(
        "mfg.integration.system", required=True, ondelete="cascade", readonly=True
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True, ondelete="cascade"
    )
    place = fields.Char(string="Location", required=True, readonly=True)
    item = fields.Char(required=True, readonly=True)
    product_id = fields.Many2one(
        "product.product", readonly=True, index="btree_not_null", ondelete="set null"
    )
    lot_name = fields.Char(string="Lot", readonly=True)
    quantity = fields.Float(digits="Product Unit of Measure", readonly=True)
    unit = fields.Char(required=True, readonly=True)
    taken_at = fields.Datetime(string="As Of", required=True, readonly=True)

    def init(self):
        """A snapshot replaces what was known of a place."""
        self.env.cr.execute(
            """
            CREATE INDEX IF NOT EXISTS mfg_integration_stock_mirror_place_idx
                ON mfg_integration_stock_mirror (system_id, place)
            """
        )

    @api.model
    def _replace(self, system, places, at, lines):
        """Take over what a snapshot says about some places, unless a later one was there.

        :param places: names of the places it describes completely
        :param lines: list of dicts with ``place``, ``item``, ``product_id``, ``lot_name``,
            ``quantity``, ``unit``
        :return: names of the places that were taken over
        """
        here = [("system_id", "=", system.id), ("place", "in", list(places))]
        later = {
            place
            for (place,) in self._read_group([*here, ("taken_at", ">", at)], ["place"])
        }
        taken = set(places) - later
        self.search([*here, ("place", "in", list(taken))]).unlink()
        self.create(
            [
                {
                    **line,
                    "system_id": system.id,
                    "company_id": system.company_id.id,
                    "taken_at": at,
                }
                for line in lines
                if line["place"] in taken
            ]
        )
        return taken
