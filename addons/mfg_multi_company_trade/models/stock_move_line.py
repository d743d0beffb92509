from odoo import fields, models


class StockMoveLine(models.Model):
    _inherit = "stock.move.line"

    # By id: a relation would show the other company's document.
    mfg_ic_source_line_id = fields.Integer(
        "Move Line of the Other Company",
        readonly=True,
        copy=False,
        index="btree_not_null",
    )

    def _synchronize_quant(
        self, quantity, location, action="available", in_date=False, **quants_value
    ):
        """Goods between two companies lie there under the lot of the seller."""
        pair = self.env["stock.location"]._mfg_ic_transits().get(location.id)
        if pair and self.company_id.id == pair[1]:
            lot = quants_value.get("lot", self.lot_id)
            # The link leads to the other company.
            origin = lot.sudo().mfg_origin_lot_id
            if origin:
                # Odoo looked for quants of the lot here and would overlook the other one.
                context = dict(self.env.context)
                context.pop("quants_cache", None)
                return super(
                    StockMoveLine, self.with_env(self.env(context=context))
                )._synchronize_quant(
                    quantity,
                    location,
                    action=action,
                    in_date=in_date,
                    **{**quants_value, "lot": origin},
                )
        return super()._synchronize_quant(
            quantity, location, action=action, in_date=in_date, **quants_value
        )
