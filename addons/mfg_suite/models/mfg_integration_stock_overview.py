from odoo import fields, models


class MfgIntegrationStockOverview(models.Model):
    """Which part of the stock is on quality hold, and what all of it costs."""

    _inherit = "mfg.integration.stock.overview"

    qty_held = fields.Float("On Hold", digits="Product Unit of Measure", readonly=True)
    qty_free = fields.Float(
        "Not on Hold", digits="Product Unit of Measure", readonly=True
    )
    currency_id = fields.Many2one("res.currency", readonly=True)
    value = fields.Monetary(
        readonly=True, help="Quantity times the cost of the product."
    )
    value_held = fields.Monetary("Value on Hold", readonly=True)

    @property
    def _table_query(self):
        self.env["mfg.quality.hold.line"].flush_model()
        self.env["product.product"].flush_model(["standard_price"])
        cost = self.env["ir.model.fields"]._get("product.product", "standard_price")
        # A held quantity of a lot lies wherever the lot lies: it is counted once, from the
        # first quant on.
        return f"""
            WITH partly AS (
                SELECT company_id, product_id, COALESCE(lot_id, 0) AS lot_id,
                       sum(qty_open)::float8 AS qty_open
                  FROM mfg_quality_hold_line
                 WHERE state = 'active' AND kind = 'quantity'
                 GROUP BY 1, 2, 3
            ), overview AS ({super()._table_query}), held AS (
                SELECT overview.*,
                       CASE WHEN quant.is_on_hold THEN overview.quantity
                            WHEN partly.qty_open IS NULL THEN 0
                            ELSE GREATEST(0, LEAST(
                                overview.quantity,
                                partly.qty_open - COALESCE(
                                    sum(overview.quantity)
                                    FILTER (WHERE quant.is_on_hold IS NOT TRUE) OVER (
                                        PARTITION BY partly.company_id,
                                                     partly.product_id, partly.lot_id
                                        ORDER BY overview.id
                                        ROWS BETWEEN UNBOUNDED PRECEDING
                                                 AND 1 PRECEDING), 0)))
                       END AS qty_held
                  FROM overview
             LEFT JOIN stock_quant quant
                    ON overview.source = 'odoo' AND quant.id = overview.id / 2
             LEFT JOIN partly
                    ON partly.company_id = quant.company_id
                   AND partly.product_id = quant.product_id
                   AND partly.lot_id = COALESCE(quant.lot_id, 0)
            )
            SELECT held.*, held.quantity - held.qty_held AS qty_free,
                   company.currency_id, held.quantity * cost.value_float AS value,
                   held.qty_held * cost.value_float AS value_held
              FROM held
              JOIN res_company company ON company.id = held.company_id
         LEFT JOIN ir_property cost
                ON cost.fields_id = {cost.id:d} AND cost.company_id = held.company_id
               AND cost.res_id = 'product.product,' || held.product_id
        """
