from odoo import fields, models


class MfgQualityTraceLine(models.Model):
    _name = "mfg.quality.trace.line"
    _description = "Quality Trace Line"
    _order = "trace_id, level, id"

    trace_id = fields.Many2one(
        "mfg.quality.trace", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="trace_id.company_id", store=True)
    level = fields.Integer(readonly=True, help="Steps of manufacturing in between.")
    product_id = fields.Many2one("product.product", readonly=True, required=True)
    lot_id = fields.Many2one("stock.lot", "Lot/Serial", readonly=True)
    via_lot_id = fields.Many2one("stock.lot", "Through", readonly=True)
    is_possible = fields.Boolean(
        "Possible",
        readonly=True,
        help="Reached through a product without lots: it may be concerned.",
    )
    on_hand = fields.Float(readonly=True, digits="Product Unit of Measure")
    is_on_hold = fields.Boolean(related="lot_id.is_on_hold", string="On Hold Now")
