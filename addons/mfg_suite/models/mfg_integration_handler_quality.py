from odoo import models


class MfgIntegrationHandlerQuality(models.AbstractModel):
    """What the messages of a laboratory or quality system share: goods they are about."""

    _name = "mfg.integration.handler.quality"
    _inherit = "mfg.integration.handler.plant"
    _description = "Handler of Quality Messages"
    #: a result must not overtake the hold that was asked for before it
    _conversation = "quality"

    def _subject(self, payload, message):
        """Return (product, lot or an empty one, quantity in the product's unit or None).

        :raises UserError: the item, lot or unit is not known, or does not fit
        """
        if payload.get("quantity"):
            (entry,) = self._goods([payload], message)
            return entry["product"], entry["lot"], entry["stock_quantity"]
        known = self._names(message)
        item = known.find("item", {payload["item"]})[payload["item"]]
        # A serial number without a quantity is the one piece that it stands for.
        entry = {
            "line": payload,
            "product": item.with_env(self.env),
            "stock_quantity": 1,
        }
        self._add_lots([entry], known, new_lots=False)
        return entry["product"], entry["lot"], None
