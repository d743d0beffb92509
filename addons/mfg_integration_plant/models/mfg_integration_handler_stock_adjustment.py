from odoo import _, models
from odoo.exceptions import UserError
from odoo.tools import float_compare


class MfgIntegrationHandlerStockAdjustment(models.AbstractModel):
    """Goods were found, lost or damaged: stock changes by an amount."""

    _name = "mfg.integration.handler.stock.adjustment"
    _inherit = "mfg.integration.handler.stock.count"
    _description = "Handler of stock.adjustment"
    _message_type = "stock.adjustment"

    def _handle(self, payload, message):
        """Change the quantities on hand by what the message says.

        :return: ``{"lines"}``, how many were applied
        :raises UserError: an item, unit, lot or place does not fit, less would be left than
            nothing, or the service user may not adjust stock
        """
        places = self._locations(
            {line["location"] for line in payload["lines"]}, message
        )
        goods = self._counted(payload["lines"], message)
        products = self.env["product.product"].union(
            *(each["product"] for each in goods)
        )
        targets = {}
        for name, place in places.items():
            there = self._here(products, place)
            for entry in goods:
                if entry["line"]["location"] != name:
                    continue
                key = place, entry["product"], entry["lot"]
                now = targets.get(key, there.get((key[1].id, key[2].id), 0.0))
                targets[key] = now + entry["stock_quantity"]
                self._check_left(key, targets[key], now)
        self._adjust(targets, payload.get("reason") or message.key)
        message.link(self.env["stock.location"].union(*places.values()))
        self._wake((), products)
        return {"lines": len(goods)}

    def _here(self, products, place):
        """Return (product id, lot id) → quantity in a location itself."""
        groups = self.env["stock.quant"]._read_group(
            [("product_id", "in", products.ids), ("location_id", "=", place.id)],
            ["product_id", "lot_id"],
            ["quantity:sum"],
        )
        return {(product.id, lot.id): total for product, lot, total in groups}

    def _check_counted(self, value, what):
        if not value:
            raise UserError(_("%(what)s: nothing would change.", what=what))

    def _check_left(self, key, left, now):
        place, product, _lot = key
        if float_compare(left, 0, precision_rounding=product.uom_id.rounding) < 0:
            raise UserError(
                _(
                    "%(place)s holds %(now)s %(unit)s of %(item)s, less than the message "
                    "takes away.",
                    place=place.complete_name,
                    now=now,
                    unit=product.uom_id.name,
                    item=product.display_name,
                )
            )
