from odoo import fields, models


class StockScrap(models.Model):
    _inherit = "stock.scrap"

    quality_disposition_line_id = fields.Many2one(
        "mfg.quality.disposition.line",
        "Disposition",
        copy=False,
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
    )

    def _prepare_move_values(self):
        values = super()._prepare_move_values()
        if self.quality_disposition_line_id:
            values["quality_disposition_line_id"] = self.quality_disposition_line_id.id
            # What goes beyond the demand becomes another move, which carries no decision.
            values["product_uom_qty"] = self.scrap_qty
        return values
