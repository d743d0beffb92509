from collections import defaultdict

from odoo import _, models
from odoo.exceptions import UserError
from odoo.tools import float_compare

from odoo.addons.mfg_integration_queue.engine.not_yet import NotYet


class MfgIntegrationHandlerReceipt(models.AbstractModel):
    """What the messages about the receipts of a purchase order share."""

    _name = "mfg.integration.handler.receipt"
    _inherit = "mfg.integration.handler.stock"
    _description = "Handler of Receipt Messages"

    def _receipts(self, number, message):
        """Return the receipts that are meant by their own number or their order's.

        :raises NotYet: the order is not confirmed yet
        :raises UserError: nobody knows the number
        """
        found = self._names(message).known("receipt", {number}).get(number)
        receipts = found or self.env["stock.picking"].search(
            [
                ("picking_type_id.code", "=", "incoming"),
                ("company_id", "=", self.env.company.id),
                ("origin", "=", number),
            ],
            order="id",
        )
        receipts = receipts.with_env(self.env)
        if found:
            receipts |= found.with_env(self.env).backorder_ids
        if not self._open(receipts):
            self._check_known(number, receipts, message)
        return receipts

    def _open(self, receipts):
        """Return the first receipt that still expects goods."""
        return receipts.filtered(
            lambda each: each.state in ("confirmed", "waiting", "assigned")
        )[:1]

    def _nothing_expected(self, number, receipts):
        """Return the refusal of what nothing is open for."""
        states = dict(receipts._fields["state"]._description_selection(self.env))
        return UserError(
            _(
                "Nothing of %(order)s is expected any more (%(state)s). Nothing was posted. "
                "Correct the order of the message, or add what came to an order.",
                order=number,
                state=states[receipts[-1].state],
            )
        )

    def _check_known(self, number, receipts, message):
        """Have the message wait for what is a draft, and refuse what nobody knows."""
        if draft := receipts.filtered(lambda each: each.state == "draft"):
            raise NotYet(
                _("Receipt %(name)s is a draft.", name=draft[0].name),
                f"stock.picking,{draft[0].id}",
            )
        if receipts:
            return
        order = self.env["purchase.order"].search(
            [("name", "=", number), ("company_id", "=", self.env.company.id)], limit=1
        )
        if order and order.state in ("draft", "sent", "to approve"):
            raise NotYet(
                _("Purchase order %(name)s is not confirmed yet.", name=order.name),
                f"purchase.order,{order.id}",
            )
        self._names(message).find("receipt", {number})

    def _expected(self, receipt, goods, taken=None):
        """Return [(entries of the message, open move → what it still takes), …] per product.

        :param dict taken: move → quantity that is prepared for others already
        :raises UserError: more came than the moves expect
        """
        taken = taken or {}
        by_product, moves = (
            defaultdict(list),
            defaultdict(self.env["stock.move"].browse),
        )
        for entry in goods:
            by_product[entry["product"]].append(entry)
        for move in receipt.move_ids:
            if move.state not in ("done", "cancel"):
                moves[move.product_id] |= move
        expected = []
        for product, entries in by_product.items():
            left = {
                move: move.product_qty - taken.get(move, 0) for move in moves[product]
            }
            self._check_expected(receipt, product, sum(left.values()), entries)
            expected.append((entries, left))
        return expected

    def _check_expected(self, receipt, product, expected, entries):
        total = sum(entry["stock_quantity"] for entry in entries)
        if (
            float_compare(total, expected, precision_rounding=product.uom_id.rounding)
            > 0
        ):
            raise UserError(
                _(
                    "%(receipt)s expects %(expected)s %(unit)s of %(item)s, the message says "
                    "%(total)s. Raise the order or correct the message; then process it "
                    "again.",
                    receipt=receipt.name,
                    expected=expected,
                    unit=product.uom_id.name,
                    item=product.display_name,
                    total=total,
                )
            )

    def _lines(self, entries, left, **more):
        """Return the values of move lines that spread the entries over the moves.

        :param dict left: move → quantity it still takes, in the product's own unit
        """
        values = []
        for entry in entries:
            rest = entry["stock_quantity"]
            for move in left:
                part = min(rest, left[move])
                if part <= 0:
                    continue
                values.append(
                    {
                        **move._prepare_move_line_vals(quantity=0),
                        "quantity": part,
                        "product_uom_id": entry["product"].uom_id.id,
                        "lot_id": entry["lot"].id,
                        **more,
                    }
                )
                left[move] -= part
                rest -= part
        return values
