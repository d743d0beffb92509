from collections import defaultdict

from odoo import _, models
from odoo.exceptions import UserError
from odoo.tools import float_compare

from odoo.addons.mfg_integration_queue.engine.not_yet import NotYet

_OPEN = ("confirmed", "waiting", "assigned")


class MfgIntegrationHandlerGoodsReceipt(models.AbstractModel):
    """Goods of a purchase order have arrived."""

    _name = "mfg.integration.handler.goods.receipt"
    _inherit = "mfg.integration.handler.stock"
    _description = "Handler of goods.receipt"
    _message_type = "goods.receipt"

    def _handle(self, payload, message):
        """Receive and validate; what has not come yet becomes a backorder, as in the form.

        :return: ``{"receipt", "state", "open"}``
        :raises UserError: more than was ordered, or an item, unit or lot that does not fit
        """
        receipt = self._receipt(payload, message)
        goods = self._goods(payload["lines"], message, new_lots=True)
        self._fill(receipt, goods)
        self._validate(receipt, bool(payload.get("final")))
        if note := payload.get("delivery_note"):
            receipt.message_post(body=_("Delivery note %(note)s", note=note))
        message.link(receipt)
        self._wake(receipt, receipt.move_ids.product_id)
        rest = receipt.backorder_ids.filtered(lambda each: each.state in _OPEN)
        return {
            "receipt": receipt.name,
            "state": receipt.state,
            "open": rest[:1].name or None,
        }

    def _receipt(self, payload, message):
        """Return the open receipt that is meant by its own number or its order's.

        :raises NotYet: the order is not confirmed yet
        """
        number = payload["order"]
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
        for receipt in receipts:
            if receipt.state in _OPEN:
                return receipt
        self._check_known(number, receipts, message)
        states = dict(receipts._fields["state"]._description_selection(self.env))
        raise UserError(
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

    def _fill(self, receipt, goods):
        """Enter lots and quantities in the place of what Odoo proposed."""
        by_product = defaultdict(list)
        for entry in goods:
            by_product[entry["product"]].append(entry)
        values, moves = [], self.env["stock.move"]
        for product, entries in by_product.items():
            expected = receipt.move_ids.filtered(
                lambda each, product=product: (
                    each.product_id == product and each.state not in ("done", "cancel")
                )
            )
            self._check_expected(receipt, product, expected, entries)
            values += self._lines(expected, entries)
            moves |= expected
        moves.move_line_ids.unlink()
        self.env["stock.move.line"].create(values)
        filled = self.env["stock.move"].browse({line["move_id"] for line in values})
        receipt.move_ids.picked = False
        filled.picked = True

    def _check_expected(self, receipt, product, moves, entries):
        total = sum(entry["stock_quantity"] for entry in entries)
        ordered = sum(moves.mapped("product_qty"))
        if (
            float_compare(total, ordered, precision_rounding=product.uom_id.rounding)
            > 0
        ):
            raise UserError(
                _(
                    "%(receipt)s expects %(ordered)s %(unit)s of %(item)s, the message says "
                    "%(total)s. Raise the order or correct the message; then process it "
                    "again.",
                    receipt=receipt.name,
                    ordered=ordered,
                    unit=product.uom_id.name,
                    item=product.display_name,
                    total=total,
                )
            )

    def _lines(self, moves, entries):
        """Return the values of move lines that spread the entries over the moves."""
        values = []
        left = {move: move.product_qty for move in moves}
        for entry in entries:
            rest = entry["stock_quantity"]
            for move in moves:
                part = min(rest, left[move])
                if part <= 0:
                    continue
                values.append(
                    {
                        **move._prepare_move_line_vals(quantity=0),
                        "quantity": part,
                        "product_uom_id": entry["product"].uom_id.id,
                        "lot_id": entry["lot"].id,
                        "picked": True,
                    }
                )
                left[move] -= part
                rest -= part
        return values

    def _validate(self, picking, final):
        """Validate, and answer the question about the rest as the sender would."""
        action = picking.button_validate()
        if isinstance(action, dict) and (
            action.get("res_model") == "stock.backorder.confirmation"
        ):
            wizard = (
                self.env[action["res_model"]]
                .with_context(**action["context"])
                .create({})
            )
            if final:
                wizard.process_cancel_backorder()
            else:
                wizard.process()
        if picking.state != "done":
            raise UserError(
                _(
                    "%(picking)s could not be validated: validate it in its form and see "
                    "what Odoo asks.",
                    picking=picking.name,
                )
            )
