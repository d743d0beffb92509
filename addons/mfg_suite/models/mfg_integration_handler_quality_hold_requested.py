from odoo import models


class MfgIntegrationHandlerQualityHoldRequested(models.AbstractModel):
    """Another system asks that goods be kept back."""

    _name = "mfg.integration.handler.quality.hold.requested"
    _inherit = "mfg.integration.handler.quality"
    _description = "Handler of quality.hold.requested"
    _message_type = "quality.hold.requested"

    def _handle(self, payload, message):
        """Place a hold, or find the one that is there for this reference.

        :return: ``{"hold", "state"}``
        :raises UserError: the item, lot or reason does not fit, nothing is there to hold, or
            the service user may not place holds
        """
        product, lot, quantity = self._subject(payload, message)
        reference = payload.get("reference") or message.key
        hold = self._open_hold(product, lot, reference)
        if not hold:
            values = {"origin": "integration", "origin_ref": reference}
            if payload.get("severity"):
                values["severity"] = payload["severity"]
            hold = self.env["mfg.quality.hold"].place(
                lot or product,
                payload["reason"],
                quantity,
                note=payload.get("note"),
                company_id=self.env.company.id,
                **values,
            )
        message.link(hold)
        return {"hold": hold.name, "state": hold.state}

    def _open_hold(self, product, lot, reference):
        """Return the open hold that the same request has led to before, if any."""
        line = self.env["mfg.quality.hold.line"].search(
            [
                ("company_id", "=", self.env.company.id),
                ("state", "=", "active"),
                ("product_id", "=", product.id),
                ("lot_id", "=", lot.id),
                ("hold_id.origin", "=", "integration"),
                ("hold_id.origin_ref", "=", reference),
            ],
            limit=1,
        )
        return line.hold_id
