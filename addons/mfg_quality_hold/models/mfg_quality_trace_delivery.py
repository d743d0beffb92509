from odoo import api, fields, models

# What customers got of some lots, net of what came back.
STORE_SHIPPED = """
    INSERT INTO mfg_quality_trace_delivery (lot_id, partner_id, quantity, trace_id,
        company_id)
    SELECT line.lot_id, picking.partner_id,
           sum(CASE WHEN target.usage = 'customer' THEN line.quantity_product_uom
                    ELSE -line.quantity_product_uom END) AS net,
           %(trace)s, %(company)s
      FROM stock_move_line line
      JOIN stock_location source ON source.id = line.location_id
      JOIN stock_location target ON target.id = line.location_dest_id
      LEFT JOIN stock_picking picking ON picking.id = line.picking_id
     WHERE line.state = 'done' AND line.lot_id = ANY(%(lots)s)
       AND line.company_id = %(company)s
       AND (source.usage = 'customer') <> (target.usage = 'customer')
     GROUP BY 1, 2
    HAVING abs(sum(CASE WHEN target.usage = 'customer' THEN line.quantity_product_uom
                        ELSE -line.quantity_product_uom END)) > 0.000001
"""


class MfgQualityTraceDelivery(models.Model):
    _name = "mfg.quality.trace.delivery"
    _description = "Quality Trace Delivery"
    _order = "trace_id, partner_id, id"
    _log_access = False  # as the lines of the trace

    trace_id = fields.Many2one(
        "mfg.quality.trace", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(
        related="trace_id.company_id", store=True, precompute=True
    )
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    lot_id = fields.Many2one("stock.lot", "Lot/Serial", readonly=True, required=True)
    product_id = fields.Many2one(related="lot_id.product_id")
    quantity = fields.Float(
        "With the Customer",
        readonly=True,
        digits="Product Unit of Measure",
        help="Delivered, less what came back.",
    )
    quantity_before = fields.Float(
        "Before",
        compute="_compute_quantity_before",
        digits="Product Unit of Measure",
        help="With the customer when the earlier run was made.",
    )

    @api.depends("trace_id.previous_id")
    def _compute_quantity_before(self):
        before = {
            (line.trace_id, line.partner_id, line.lot_id): line.quantity
            for line in self.trace_id.previous_id.delivery_ids
        }
        for line in self:
            earlier = line.trace_id.previous_id
            key = earlier, line.partner_id, line.lot_id
            line.quantity_before = before.get(key, 0)

    @api.model
    def _store(self, trace, lots):
        """Write down which customers have some of the lots.

        :param trace: the ``mfg.quality.trace`` that is run
        :param lots: the ``stock.lot`` records it has found
        """
        trace.flush_recordset()
        self.env.cr.execute(
            STORE_SHIPPED,
            {"trace": trace.id, "company": trace.company_id.id, "lots": lots.ids},
        )
        trace.invalidate_recordset(["delivery_ids"])
