from collections import defaultdict

from odoo import _, models
from odoo.exceptions import UserError

from ..messages import names


class MfgIntegrationHandlerStock(models.AbstractModel):
    """What the messages of a warehouse share: places, and stock as it was at a moment."""

    _name = "mfg.integration.handler.stock"
    _inherit = "mfg.integration.handler.plant"
    _description = "Handler of Stock Messages"
    #: a count must not be overtaken by a transfer that was reported before it
    _conversation = "stock"

    def _locations(self, wanted, message):
        """Return name → location of the company, which has to hold goods.

        :raises UserError: it is not known, or holds none
        """
        found = self._names(message).find("location", wanted)
        for name, location in found.items():
            if location.usage not in ("internal", "transit"):
                raise UserError(
                    _(
                        "Location “%(name)s” (%(location)s) holds no goods of the company. "
                        "Name an internal one.",
                        name=name,
                        location=location.complete_name,
                    )
                )
        return {name: found[name].with_env(self.env) for name in wanted}

    def _moved_since(self, location, products, at, operator="child_of"):
        """Return (product id, lot id) → what went into a location after a moment, less what
        left it.

        :param products: those that are asked for; none stands for all
        :param at: naive UTC, or None for nothing
        :param operator: ``child_of`` for what is below it, too; ``=`` for itself only
        """
        moved = defaultdict(float)
        if not at:
            return moved
        lines = self.env["stock.move.line"]
        for side, sign in (("location_dest_id", 1), ("location_id", -1)):
            for product, lot, total in lines._read_group(
                [
                    ("state", "=", "done"),
                    ("date", ">", at),
                    (side, operator, location.id),
                    *([("product_id", "in", products.ids)] if products else []),
                ],
                ["product_id", "lot_id"],
                ["quantity_product_uom:sum"],
            ):
                moved[product.id, lot.id] += sign * total
        return moved

    def _time(self, payload, key):
        return names.moment(payload.get(key), key)
