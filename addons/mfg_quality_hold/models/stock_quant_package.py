from odoo import fields, models


class StockQuantPackage(models.Model):
    _name = "stock.quant.package"
    _inherit = ["stock.quant.package", "mfg.quality.hold.scope"]
    _hold_kind = "package"

    hold_line_ids = fields.One2many(
        "mfg.quality.hold.line", "package_id", "Hold Lines", readonly=True
    )
