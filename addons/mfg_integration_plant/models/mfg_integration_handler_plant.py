from odoo import _, models
from odoo.exceptions import UserError
from odoo.tools import float_compare

from odoo.addons.mfg_integration_queue.engine.not_yet import NotYet

from ..messages import names
from ..messages.names import Names


class MfgIntegrationHandlerPlant(models.AbstractModel):
    """What the handlers of a plant's messages share: lines with item, quantity and lot.

    They do what a user would do in the forms, with the rights of the service user.
    """

    _name = "mfg.integration.handler.plant"
    _inherit = "mfg.integration.handler"
    _description = "Handler of Plant Messages"

    def _names(self, message):
        return Names(self.env, message)

    def _goods(self, lines, message, new_lots=False):
        """Return the lines of a message with records in the place of names.

        :param lines: list of ``{"item", "quantity": {"value", "unit"}, "lot", …}``
        :param bool new_lots: whether lots that are not known are created
        :return: list of dicts with ``product``, ``unit``, ``quantity`` (in ``unit``),
            ``stock_quantity`` (in the product's own unit), ``lot`` and the line itself
        :raises UserError: an item, unit or lot that is not known or does not fit
        """
        goods = self._entries(lines, message)
        self._add_lots(goods, self._names(message), new_lots)
        return goods

    def _entries(self, lines, message):
        """Return what :meth:`_goods` does, without the lots."""
        known = self._names(message)
        items = known.find("item", {line["item"] for line in lines})
        units = known.find("unit", {line["quantity"]["unit"] for line in lines})
        return [
            self._entry(
                line,
                items[line["item"]].with_env(self.env),
                units[line["quantity"]["unit"]],
                _("Item %(item)s", item=line["item"]),
            )
            for line in lines
        ]

    def _entry(self, line, product, unit, what):
        """Return one line with its quantity checked; see :meth:`_goods`."""
        value = names.quantity(line["quantity"]["value"], unit, product, what)
        return {
            "line": line,
            "product": product,
            "unit": unit,
            "quantity": value,
            "stock_quantity": names.converted(value, unit, product.uom_id, what),
        }

    def _add_lots(self, goods, known, new_lots):
        """Fill in ``lot`` of each entry: a lot, or an empty one for untracked items."""
        for entry in goods:
            self._check_lot_named(entry)
        wanted = {
            (entry["product"], entry["line"]["lot"])
            for entry in goods
            if entry["line"].get("lot")
        }
        lots = known.lots(wanted)
        missing = sorted((product.id, name) for product, name in wanted - lots.keys())
        if missing and not new_lots:
            raise UserError(
                "\n".join(
                    _(
                        "Lot “%(lot)s” of %(item)s is not known here. Correct the lot, or "
                        "receive it first; then process the message again.",
                        lot=name,
                        item=self.env["product.product"]
                        .browse(product_id)
                        .display_name,
                    )
                    for product_id, name in missing[: names.MAX_NAMED]
                )
            )
        for lot in self.env["stock.lot"].create(
            [
                {
                    "name": name,
                    "product_id": product_id,
                    "company_id": self.env.company.id,
                }
                for product_id, name in missing
            ]
        ):
            lots[lot.product_id, lot.name] = lot
        nothing = self.env["stock.lot"]
        for entry in goods:
            key = entry["product"], entry["line"].get("lot")
            entry["lot"] = lots.get(key, nothing).with_env(self.env)

    def _check_lot_named(self, entry):
        """Refuse a tracked item without lot, an untracked one with it, and serial numbers
        that stand for more than one."""
        product, lot = entry["product"], entry["line"].get("lot")
        if product.tracking == "none" and lot:
            raise UserError(
                _(
                    "%(item)s is not tracked by lots here, and the message names lot "
                    "“%(lot)s”. Have the item tracked, or leave the lot out.",
                    item=product.display_name,
                    lot=lot,
                )
            )
        if product.tracking != "none" and not lot:
            raise UserError(
                _(
                    "%(item)s is tracked: the message has to name its lot or serial "
                    "number.",
                    item=product.display_name,
                )
            )
        if product.tracking == "serial" and entry["stock_quantity"] != 1:
            raise UserError(
                _(
                    "%(item)s is tracked by serial numbers: number “%(lot)s” stands for "
                    "one piece, not for %(quantity)s.",
                    item=product.display_name,
                    lot=lot,
                    quantity=entry["stock_quantity"],
                )
            )

    def _check_on_hand(self, needs):
        """Have the message wait if a place does not hold what is taken from it.

        :param needs: (product, lot, location) → quantity in the product's own unit
        :raises NotYet: less is on hand
        """
        products = [product for product, _lot, _location in needs]
        for location in {location for _product, _lot, location in needs}:
            on_hand = self._on_hand(products, location)
            for (product, lot, place), needed in needs.items():
                if place != location or product.type != "product":
                    continue
                there = on_hand.get((product.id, lot.id), 0.0)
                if (
                    float_compare(
                        there, needed, precision_rounding=product.uom_id.rounding
                    )
                    < 0
                ):
                    raise NotYet(
                        _(
                            "%(needed)s %(unit)s of %(item)s%(lot)s are to be taken from "
                            "%(location)s, which holds %(there)s.",
                            needed=needed,
                            unit=product.uom_id.name,
                            item=product.display_name,
                            lot=_(", lot %(lot)s,", lot=lot.name) if lot else "",
                            location=location.complete_name,
                            there=there,
                        ),
                        self._stock_key(product),
                    )

    def _on_hand(self, products, location):
        """Return (product id, lot id) → quantity in a location and below it."""
        groups = self.env["stock.quant"]._read_group(
            [
                ("product_id", "in", [product.id for product in products]),
                ("location_id", "child_of", location.id),
            ],
            ["product_id", "lot_id"],
            ["quantity:sum"],
        )
        return {(product.id, lot.id): total for product, lot, total in groups}

    def _stock_key(self, product):
        """Return what messages wait for that need more of a product."""
        return f"stock,{product.id}"

    def _wake(self, records, products=()):
        """Have messages looked at again that wait for these documents or products."""
        self.env["mfg.integration.inbox"]._wake(
            [f"{record._name},{record.id}" for record in records]
            + [self._stock_key(product) for product in products]
        )
