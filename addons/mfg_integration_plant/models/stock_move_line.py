from odoo import fields, models


class StockMoveLine(models.Model):
    _inherit = "stock.move.line"

    mfg_shipment = fields.Char(
        string="Announced In",
        copy=False,
        readonly=True,
        help="Number of the vendor's ship notice that prepared this line.",
    )
