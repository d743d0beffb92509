from odoo import _, models
from odoo.exceptions import UserError


class MfgIntegrationHandlerGoodsReceipt(models.AbstractModel):
    """Goods of a purchase order have arrived."""

    _name = "mfg.integration.handler.goods.receipt"
    _inherit = "mfg.integration.handler.receipt"
    _description = "Handler of goods.receipt"
    _message_type = "goods.receipt"

    def _handle(self, payload, message):
        """Receive and validate; what has not come yet becomes a backorder, as in the form.

        :return: ``{"receipt", "state", "open"}``
        :raises UserError: more than was ordered, or an item, unit or lot that does not fit
        """
        receipts = self._receipts(payload["order"], message)
        receipt = self._open(receipts)
        if not receipt:
            raise self._nothing_expected(payload["order"], receipts)
        goods = self._goods(payload["lines"], message, new_lots=True)
        self._fill(receipt, goods)
        self._validate(receipt, bool(payload.get("final")))
        if note := payload.get("delivery_note"):
            receipt.mfg_delivery_note = note
            receipt.message_post(body=_("Delivery note %(note)s", note=note))
        message.link(receipt)
        self._wake(receipt, receipt.move_ids.product_id)
        return {
            "receipt": receipt.name,
            "state": receipt.state,
            "open": self._open(receipt.backorder_ids).name or None,
        }

    def _fill(self, receipt, goods):
        """Enter lots and quantities in the place of what Odoo proposed."""
        values, moves = [], self.env["stock.move"]
        for entries, left in self._expected(receipt, goods):
            moves = moves.union(*left)
            values += self._lines(entries, left, picked=True)
        moves.move_line_ids.unlink()
        self.env["stock.move.line"].create(values)
        filled = self.env["stock.move"].browse({line["move_id"] for line in values})
        receipt.move_ids.picked = False
        filled.picked = True

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
