from odoo import fields, models


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
