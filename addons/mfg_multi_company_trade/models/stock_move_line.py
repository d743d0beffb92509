from odoo import fields, models


class StockMoveLine(models.Model):
    _name = "stock.move.line"
    _inherit = ["stock.move.line", "mfg.ic.mirrored"]

    _mfg_mirror_link = "mfg_ic_source_line_id"

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
        """Goods between two companies lie there as the seller knows them: under the
        product, in the quantity and with the lot of the seller."""
        pair = self.env["stock.location"]._mfg_ic_transits().get(location.id)
        if not pair or self.company_id.id != pair[1]:
            return super()._synchronize_quant(
                quantity, location, action=action, in_date=in_date, **quants_value
            )
        # Odoo looked for quants of the product and the lot here; it would overlook those
        # of the seller, and put others of less than nothing beside them.
        context = dict(self.env.context)
        context.pop("quants_cache", None)
        uncached = self.with_env(self.env(context=context))
        lot = quants_value.get("lot", self.lot_id)
        # The link leads to the other company; people cannot write it.
        origin = lot.sudo().mfg_origin_lot_id
        # What the seller calls the goods, which the buyer may not read. An order of
        # another pair says nothing about these.
        item = self.move_id.sudo().mfg_ic_item_id.filtered(
            lambda item: (
                (item.flow_id.seller_company_id.id, item.flow_id.buyer_company_id.id)
                == pair
            )
        )
        sold = item.seller_product_id
        if sold and sold != self.product_id:
            if action != "available":
                return 0, False  # nothing is reserved between two companies
            return uncached.env["stock.quant"]._update_available_quantity(
                sold,
                location,
                item._stock_to_seller(quantity),
                lot_id=origin,
                package_id=quants_value.get("package", self.package_id),
                owner_id=quants_value.get("owner", self.owner_id),
                in_date=in_date,
            )
        line = self
        if origin:
            quants_value["lot"], line = origin, uncached
        return super(StockMoveLine, line)._synchronize_quant(
            quantity, location, action=action, in_date=in_date, **quants_value
        )
