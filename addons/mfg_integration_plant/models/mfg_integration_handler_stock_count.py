from odoo import _, models
from odoo.exceptions import UserError

from ..messages import names


class MfgIntegrationHandlerStockCount(models.AbstractModel):
    """Goods were counted."""

    _name = "mfg.integration.handler.stock.count"
    _inherit = "mfg.integration.handler.stock"
    _description = "Handler of stock.count"
    _message_type = "stock.count"

    def _handle(self, payload, message):
        """Apply the counted quantities as inventory adjustments.

        What was moved between the count and this moment is added: the count is right about
        its own moment.

        :return: ``{"lines"}``, how many were applied
        :raises UserError: an item, unit, lot or place does not fit, something stands twice,
            or the service user may not adjust stock
        """
        at = self._time(payload, "counted_at")
        places = self._locations(
            {line["location"] for line in payload["lines"]}, message
        )
        goods = self._counted(payload["lines"], message)
        targets = {}
        for entry in goods:
            place = places[entry["line"]["location"]]
            key = place, entry["product"], entry["lot"]
            if key in targets:
                raise UserError(
                    _(
                        "%(item)s stands twice in the message for one place and lot.",
                        item=entry["product"].display_name,
                    )
                )
            targets[key] = entry["stock_quantity"]
        products = self.env["product.product"].union(
            *(each["product"] for each in goods)
        )
        for place in set(places.values()):
            moved = self._moved_since(place, products, at, "=")
            for key in targets:
                if key[0] == place:
                    targets[key] += moved[key[1].id, key[2].id]
        self._adjust(targets, payload.get("reference") or message.key)
        message.link(self.env["stock.location"].union(*places.values()))
        self._wake((), products)
        return {"lines": len(targets)}

    def _counted(self, lines, message):
        """Return the lines with records; nothing at all may have been counted."""
        known = self._names(message)
        items = known.find("item", {line["item"] for line in lines})
        units = known.find("unit", {line["quantity"]["unit"] for line in lines})
        goods = []
        for line in lines:
            what = _("Item %(item)s", item=line["item"])
            product = items[line["item"]].with_env(self.env)
            unit = units[line["quantity"]["unit"]]
            value = names.measured(
                names.amount(line["quantity"]["value"], what), unit, product, what
            )
            self._check_counted(value, what)
            goods.append(
                {
                    "line": line,
                    "product": product,
                    "unit": unit,
                    "quantity": value,
                    "stock_quantity": names.converted(
                        value, unit, product.uom_id, what
                    ),
                }
            )
        self._add_lots(goods, known, new_lots=True)
        return goods

    def _check_counted(self, value, what):
        if value < 0:
            raise UserError(
                _(
                    "%(what)s: %(value)s cannot have been counted.",
                    what=what,
                    value=value,
                )
            )

    def _check_lot_named(self, entry):
        """A serial number may also be counted as missing."""
        if entry["stock_quantity"] in (0, 1, -1):
            entry = {**entry, "stock_quantity": 1}
        return super()._check_lot_named(entry)

    def _adjust(self, targets, reason):
        """Make the quantities on hand what they are said to be.

        :param targets: (location, product, lot) → quantity in the product's own unit
        """
        quants = (
            self.env["stock.quant"]
            .with_context(inventory_mode=True, inventory_name=reason)
            .create(
                [
                    {
                        "location_id": place.id,
                        "product_id": product.id,
                        "lot_id": lot.id,
                        "inventory_quantity": quantity,
                    }
                    for (place, product, lot), quantity in targets.items()
                ]
            )
        )
        if isinstance(quants.action_apply_inventory(), dict):
            raise UserError(
                _(
                    "Stock was changed or counted by somebody else at the same time. "
                    "Process the message again."
                )
            )
