from odoo import api, fields, models


class MfgQualityTraceDelivery(models.Model):
    _name = "mfg.quality.trace.delivery"
    _description = "Quality Trace Delivery"
    _order = "trace_id, partner_id, id"

    trace_id = fields.Many2one(
        "mfg.quality.trace", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="trace_id.company_id", store=True)
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
