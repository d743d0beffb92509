from odoo import models


class StockMove(models.Model):
    _inherit = "stock.move"

    def _mfg_ic_check_transit(self, pairs):
        """Held goods are not received under another number either.

        :raises UserError: also when a lot that is on its way is on hold, and what is
            received does not say which lot of the seller it is
        """
        super()._mfg_ic_check_transit(pairs)
        arriving = self.filtered(
            lambda move: (
                move.purchase_line_id
                and move.state not in ("done", "cancel")
                and pairs.get(move.location_id.id, (0, 0))[1] == move.company_id.id
            )
        )
        # The link leads to the other company.
        unnamed = arriving.move_line_ids.filtered(
            lambda line: not line.lot_id.sudo().mfg_origin_lot_id
        )
        if not unnamed:
            return
        items = unnamed.move_id._mfg_ic_items()
        # What the seller shipped and holds, whoever may read it.
        shipped = (
            self.env["stock.move.line"]
            .sudo()
            .search(
                [
                    ("move_id.sale_line_id", "in", items.mapped("seller_line_id")),
                    ("location_dest_id", "in", list(pairs)),
                    ("state", "=", "done"),
                    ("lot_id.is_on_hold", "=", True),
                ],
                limit=1,
            )
        )
        if shipped:
            place, product, lot = (
                shipped.location_dest_id,
                shipped.product_id,
                shipped.lot_id,
            )
            lines = self.env["mfg.quality.hold.line"]._covering(product, place, lot)
            lines._refuse(lines, product, lot)
