from collections import defaultdict

from odoo import _, models

from ..messages import names


class MfgIntegrationHandlerShipmentAnnounced(models.AbstractModel):
    """A vendor's ship notice: what is on its way is prepared on the receipt, never booked."""

    _name = "mfg.integration.handler.shipment.announced"
    _inherit = "mfg.integration.handler.receipt"
    _description = "Handler of shipment.announced"
    _message_type = "shipment.announced"
    _conversation = "purchase"

    def _ordering_key(self, payload):
        """Messages about one order stay in order."""
        order = payload.get("order")
        return order if isinstance(order, str) else ""

    def _handle(self, payload, message):
        """Prepare lots, quantities and the expected date on the open receipt.

        The notice of a shipment stands in for an earlier one with the same number; those
        of other shipments of the order stay beside it. What was received, or is being
        received, is left alone.

        :return: ``{"receipt", "prepared", "reason"}``
        :raises UserError: more than is expected, or an item, unit or lot that does not fit
        """
        expected_at = names.moment(
            payload.get("expected_at"), "expected_at", planned=True
        )
        goods = self._announced(payload["lines"], message)
        receipts = self._receipts(payload["order"], message)
        receipt = self._open(receipts)
        if late := self._too_late(receipts, receipt, payload["shipment"]):
            message.link(late)
            return {
                "receipt": late.name,
                "prepared": False,
                "reason": _(
                    "The goods were received before the notice came, or are being "
                    "received: nothing was changed."
                ),
            }
        if not receipt:
            raise self._nothing_expected(payload["order"], receipts)
        self._prepare(receipt, goods, payload["shipment"])
        if expected_at:
            receipt.scheduled_date = expected_at
        receipt.message_post(body=self._note(payload))
        message.link(receipt)
        return {"receipt": receipt.name, "prepared": True, "reason": None}

    def _announced(self, lines, message):
        """Return the lines with records; a lot that is not known stays a name."""
        goods = self._entries(lines, message)
        for entry in goods:
            self._check_lot_named(entry)
        lots = self._names(message).lots(
            (entry["product"], entry["line"]["lot"])
            for entry in goods
            if entry["line"].get("lot")
        )
        nothing = self.env["stock.lot"]
        for entry in goods:
            key = entry["product"], entry["line"].get("lot")
            entry["lot"] = lots.get(key, nothing).with_env(self.env)
        return goods

    def _too_late(self, receipts, receipt, shipment):
        """Return the receipt that the notice came too late for, or an empty one."""
        done = receipts.filtered(lambda each: each.state == "done")
        if same := done.filtered(lambda each: each.mfg_delivery_note == shipment):
            return same[-1]
        if not receipt:
            return done[-1:]
        lines = receipt.move_line_ids
        return receipt if any(lines.mapped("picked")) else receipt.browse()

    def _prepare(self, receipt, goods, shipment):
        """Put what is announced in the place of what Odoo proposed."""
        others = receipt.move_line_ids.filtered(
            lambda line: line.mfg_shipment and line.mfg_shipment != shipment
        )
        taken = defaultdict(float)
        for line in others:
            taken[line.move_id] += line.quantity_product_uom
        values = []
        for entries, left in self._expected(receipt, goods, taken):
            for entry in entries:
                lot = None if entry["lot"] else entry["line"].get("lot")
                values += self._lines(
                    [entry], left, lot_name=lot, mfg_shipment=shipment, picked=False
                )
        (receipt.move_line_ids - others).unlink()
        self.env["stock.move.line"].create(values)

    def _note(self, payload):
        parts = [_("Shipment %(number)s is announced.", number=payload["shipment"])]
        if carrier := payload.get("carrier"):
            parts.append(_("Carrier: %(carrier)s.", carrier=carrier))
        if tracking := payload.get("tracking_reference"):
            parts.append(_("Tracking reference: %(number)s.", number=tracking))
        return " ".join(parts)
