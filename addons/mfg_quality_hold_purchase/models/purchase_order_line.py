from collections import defaultdict

from odoo import api, fields, models

from odoo.addons.mfg_quality_hold.models.mfg_quality_hold_line import STOCK_USAGES


class PurchaseOrderLine(models.Model):
    _inherit = "purchase.order.line"

    quality_hold_qty = fields.Float(
        "On Quality Hold",
        compute="_compute_quality_hold_qty",
        # Buyers need no right to look at holds to see how much is held.
        compute_sudo=True,
        digits="Product Unit of Measure",
        help="Of what was received, how much is on quality hold now.",
    )

    @api.depends("qty_received")
    def _compute_quality_hold_qty(self):
        held = self._quality_held()
        for line in self:
            line.quality_hold_qty = held.get(line._origin, 0)

    # -- held, sent back, still to be charged ------------------------------------------

    def _quality_held(self):
        """{line: received quantity that is on hold now}, in the unit of the line.

        What is held of a lot counts for its latest receipts first, because the earlier
        ones are likely used up. A held quantity without a lot counts for the receipt on
        which it was placed, as far as that is known.
        """
        book = self.env["mfg.quality.hold.line"]._book()
        lines = self.filtered(
            lambda line: line.product_id and book.concerns(line.product_id)
        )
        keys = {receipt.key for receipt in lines._quality_receipts()} if lines else ()
        held = self._quality_held_stock(keys) if keys else {}
        if not held:
            return {}
        receipts = self._quality_receipts_of_stock(held)
        placed = self._quality_held_on_receipts(held)
        result = defaultdict(float)
        for known in (True, False):
            for receipt in receipts:
                on_receipt = placed.get((receipt.picking, receipt.key), 0)
                taken = min(
                    receipt.quantity,
                    held[receipt.key],
                    on_receipt if known else receipt.quantity,
                )
                if taken > 0:
                    receipt.quantity -= taken
                    held[receipt.key] -= taken
                    if known:
                        placed[receipt.picking, receipt.key] -= taken
                    result[receipt.line] += taken
        return {
            line: line.product_id.uom_id._compute_quantity(
                result[line], line.product_uom, round=False
            )
            for line in lines
            if result.get(line)
        }

    def _quality_receipts(self):
        """Receipts of the lines."""
        return self._quality_search_receipts(
            [("move_id.purchase_line_id", "in", self.ids)]
        )

    @api.model
    def _quality_receipts_of_stock(self, keys):
        """Every receipt, on whatever purchase order, of stock with these keys."""
        receipts = self._quality_search_receipts(
            [
                ("move_id.purchase_line_id", "!=", False),
                ("product_id", "in", [product.id for _c, product, _l in keys]),
                ("lot_id", "in", [lot.id or False for _c, _p, lot in keys]),
            ]
        )
        return [receipt for receipt in receipts if receipt.key in keys]

    @api.model
    def _quality_search_receipts(self, domain):
        """Receipts among some ``stock.move.line`` records, the latest first."""
        groups = self.env["stock.move.line"]._read_group(
            [
                ("state", "=", "done"),
                ("location_id.usage", "in", ("supplier", "transit")),
                ("location_dest_id.usage", "=", "internal"),
                *domain,
            ],
            ["move_id", "lot_id"],
            ["quantity_product_uom:sum"],
        )
        groups.sort(key=lambda group: (group[0].date, group[0].id), reverse=True)
        return [Receipt(move, lot, quantity) for move, lot, quantity in groups]

    @api.model
    def _quality_held_stock(self, keys):
        """{key: quantity on hold} of the keys of which something is on hold."""
        book = self.env["mfg.quality.hold.line"]._book()
        partial = [
            line_id
            for _company, product, _lot in keys
            for line_id in book.partial.get(product.id, ())
        ]
        # Read at once what the quants below look at one product at a time.
        self.env["mfg.quality.hold.line"].browse(partial).mapped("qty_open")
        held = defaultdict(float)
        for quant in self._quality_quants(keys):
            key = quant.company_id, quant.product_id, quant.lot_id
            if key in keys and quant.hold_qty:
                held[key] += quant.hold_qty
        return held

    @api.model
    def _quality_quants(self, keys):
        """Our stock of these products and lots."""
        return self.env["stock.quant"].search(
            [
                ("product_id", "in", [product.id for _c, product, _l in keys]),
                ("lot_id", "in", [lot.id or False for _c, _p, lot in keys]),
                ("location_id.usage", "in", STOCK_USAGES),
                ("quantity", ">", 0),
            ]
        )

    @api.model
    def _quality_held_on_receipts(self, keys):
        """{(picking, key): open quantity} of quantity holds placed on receipts."""
        lines = self.env["mfg.quality.hold.line"].search(
            [
                ("state", "=", "active"),
                ("kind", "=", "quantity"),
                ("picking_id", "!=", False),
                ("product_id", "in", [product.id for _c, product, _l in keys]),
            ]
        )
        placed = defaultdict(float)
        for line in lines:
            key = line.company_id, line.product_id, line.lot_id
            placed[line.picking_id, key] += line.qty_open
        return placed

    def _quality_returned(self):
        """{line: quantity that went back by a decision}, in the unit of the line."""
        moves = self.env["stock.move"].search(
            [
                ("purchase_line_id", "in", self.ids),
                ("quality_disposition_line_id", "!=", False),
                ("state", "=", "done"),
            ]
        )
        returned = defaultdict(float)
        for move in moves:
            line = move.purchase_line_id
            returned[line] += move.product_uom._compute_quantity(
                move.quantity, line.product_uom, round=False
            )
        return returned

    def _quality_charged(self):
        """Quantity that bills charge, less posted credit notes, in the line's unit."""
        self.ensure_one()
        charged = 0
        for line in self.invoice_lines:
            move = line.move_id
            sign = {"in_invoice": 1, "in_refund": -1}.get(move.move_type, 0)
            if move.state == "posted" or (move.state == "draft" and sign > 0):
                charged += sign * line.product_uom_id._compute_quantity(
                    line.quantity, self.product_uom, round=False
                )
        return charged

    def _quality_unaccepted(self):
        """{line: quantity that bills charge and that was not accepted}.

        That is what is on hold of the received goods, and what went back by a decision
        and is not credited yet. Where bills charge less than was received, the part that
        is not accepted counts as not charged.
        """
        held, returned = self._quality_held(), self._quality_returned()
        result = {}
        for line in {*held, *returned}:
            refused = held.get(line, 0) + returned.get(line, 0)
            accepted = line.qty_received - held.get(line, 0)
            unaccepted = min(refused, line._quality_charged() - accepted)
            if unaccepted > 0:
                result[line] = unaccepted
        return result

    def _quality_bearing_lines(self):
        """Bill lines in the order in which they bear what was not accepted."""
        self.ensure_one()
        lines = self.invoice_lines.filtered(
            lambda line: (
                line.move_id.move_type == "in_invoice"
                and line.move_id.state in ("draft", "posted")
            )
        )
        return lines.sorted(
            lambda line: (
                line.move_id.state == "posted" and not line.move_id.amount_residual,
                -line.move_id.id,
                line.id,
            )
        )

    def _quality_holds(self):
        """{line: open holds on what it brought, and those by which it went back}."""
        receipts = self._quality_receipts()
        active = self.env["mfg.quality.hold.line"].search(
            [
                ("state", "=", "active"),
                ("company_id", "in", self.company_id.ids),
                "|",
                ("product_id", "in", self.product_id.ids),
                ("kind", "in", ("location", "package")),
            ]
        )
        by_key = defaultdict(self.env["mfg.quality.hold"].browse)
        for hold_line in active:
            key = hold_line.company_id, hold_line.product_id, hold_line.lot_id
            by_key[key] |= hold_line.hold_id
        places = active.filtered(lambda line: line.kind in ("location", "package"))
        if places:
            for quant in self._quality_quants({receipt.key for receipt in receipts}):
                where = quant._quality_hold_characteristics()
                key = quant.company_id, quant.product_id, quant.lot_id
                by_key[key] |= places.filtered(
                    lambda line, where=where: line._covers(*where)
                ).hold_id
        result = {
            line: line.move_ids.quality_disposition_line_id.hold_id for line in self
        }
        for receipt in receipts:
            result[receipt.line] |= by_key[receipt.key]
        return result


class Receipt:
    """What one move brought of one lot.

    :ivar key: (company, product, lot), as far as held stock is told apart by receipts
    :ivar quantity: what is not attributed yet, in the unit of the product
    """

    def __init__(self, move, lot, quantity):
        self.line = move.purchase_line_id
        self.picking = move.picking_id
        self.key = move.company_id, move.product_id, lot
        self.quantity = quantity
