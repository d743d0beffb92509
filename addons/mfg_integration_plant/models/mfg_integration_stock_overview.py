from odoo import fields, models


class MfgIntegrationStockOverview(models.Model):
    """Stock of the group: what Odoo keeps, and what other plants reported.

    A query over both, never stored.
    """

    _name = "mfg.integration.stock.overview"
    _description = "Stock of the Group"
    _auto = False
    _order = "item, company_id, place"
    _rec_name = "item"

    source = fields.Selection(
        [("odoo", "Odoo"), ("mirror", "Reported")], string="Kept By", readonly=True
    )
    system_id = fields.Many2one(
        "mfg.integration.system", string="Reported By", readonly=True
    )
    company_id = fields.Many2one("res.company", readonly=True)
    product_id = fields.Many2one("product.product", readonly=True)
    item = fields.Char(readonly=True)
    lot_name = fields.Char(string="Lot", readonly=True)
    place = fields.Char(string="Location", readonly=True)
    quantity = fields.Float(digits="Product Unit of Measure", readonly=True)
    unit = fields.Char(readonly=True)
    taken_at = fields.Datetime(
        string="As Of", readonly=True, help="Empty: as it is at this moment."
    )

    @property
    def _table_query(self):
        for model in ("stock.quant", "mfg.integration.stock.mirror"):
            self.env[model].flush_model()
        return """
            SELECT q.id::bigint * 2 AS id, 'odoo'::varchar AS source,
                   NULL::integer AS system_id, q.company_id, q.product_id,
                   COALESCE(p.default_code, t.name->>'en_US') AS item, l.name AS lot_name,
                   s.complete_name AS place, q.quantity::float8 AS quantity,
                   u.name->>'en_US' AS unit, NULL::timestamp AS taken_at
              FROM stock_quant q
              JOIN stock_location s ON s.id = q.location_id AND s.usage = 'internal'
              JOIN product_product p ON p.id = q.product_id
              JOIN product_template t ON t.id = p.product_tmpl_id
              JOIN uom_uom u ON u.id = t.uom_id
         LEFT JOIN stock_lot l ON l.id = q.lot_id
             WHERE q.company_id IS NOT NULL
         UNION ALL
            SELECT m.id::bigint * 2 + 1, 'mirror', m.system_id, m.company_id, m.product_id,
                   m.item, m.lot_name, m.place, m.quantity::float8, m.unit, m.taken_at
              FROM mfg_integration_stock_mirror m
        """
