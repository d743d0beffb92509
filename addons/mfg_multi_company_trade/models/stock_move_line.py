from odoo import api, fields, models


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
        lot = quants_value.get("lot", self.lot_id)
        # The link leads to the other company; people cannot write it.
        origin = lot and lot.sudo().mfg_origin_lot_id
        # What the seller calls the goods, which the buyer may not read. An order of
        # another pair says nothing about these.
        item = self.move_id.sudo().mfg_ic_item_id
        flow = item.flow_id
        sold = item.seller_product_id
        if (flow.seller_company_id.id, flow.buyer_company_id.id) != pair:
            sold = None
        renamed = sold and sold != self.product_id
        if not (renamed or origin):
            return super()._synchronize_quant(
                quantity, location, action=action, in_date=in_date, **quants_value
            )
        # Odoo looked for quants of the product and the lot here; it would overlook those
        # of the seller, and put others of less than nothing beside them.
        context = dict(self.env.context)
        context.pop("quants_cache", None)
        line = self.with_env(self.env(context=context))
        if not renamed:
            quants_value["lot"] = origin
            return super(StockMoveLine, line)._synchronize_quant(
                quantity, location, action=action, in_date=in_date, **quants_value
            )
        if action != "available":
            return 0, False  # nothing is reserved between two companies
        return line.env["stock.quant"]._update_available_quantity(
            sold,
            location,
            item._stock_to_seller(quantity),
            lot_id=origin,
            package_id=quants_value.get("package", self.package_id),
            owner_id=quants_value.get("owner", self.owner_id),
            in_date=in_date,
        )

    @api.model
    def _mfg_ic_note_sources(self, sources):
        """Note which lines of the other company these stand for, in one statement.

        :param sources: {move line here: move line of the other company}
        """
        if not sources:
            return
        lines = self.browse().concat(*sources)
        self.env.cr.execute(
            """
            UPDATE stock_move_line line SET mfg_ic_source_line_id = v.source
              FROM unnest(%s, %s) AS v (id, source)
             WHERE line.id = v.id
            """,
            [lines.ids, [source.id for source in sources.values()]],
        )
        lines.invalidate_recordset(["mfg_ic_source_line_id"], flush=False)
