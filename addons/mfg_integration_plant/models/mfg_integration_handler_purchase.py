from collections import defaultdict

from odoo import _, models
from odoo.exceptions import UserError
from odoo.tools import float_compare

from odoo.addons.mfg_integration_queue.engine.not_yet import NotYet

from ..messages import names


class MfgIntegrationHandlerPurchase(models.AbstractModel):
    """What the messages about purchase orders and their lines share."""

    _name = "mfg.integration.handler.purchase"
    _inherit = "mfg.integration.handler.plant"
    _description = "Handler of Purchase Messages"
    _conversation = "purchase"

    def _ordering_key(self, payload):
        """Messages about one order stay in order."""
        order = payload.get("order")
        return order if isinstance(order, str) else ""

    def _order_meant(self, number, message):
        """Return the order with this number.

        :raises NotYet: it is not confirmed yet
        :raises UserError: nobody knows it, or it is cancelled
        """
        found = self._names(message).find("purchase", {number})[number]
        order = found.with_env(self.env)
        if order.state in ("draft", "sent", "to approve"):
            raise NotYet(
                _("Purchase order %(name)s is not confirmed yet.", name=order.name),
                f"purchase.order,{order.id}",
            )
        if order.state == "cancel":
            raise UserError(
                _(
                    "Purchase order %(name)s is cancelled. Tell the vendor, and give the "
                    "message up.",
                    name=order.name,
                )
            )
        return order

    def _by_line(self, lines, entries, document, number=lambda line: line.id):
        """Return line of an order or bill → entries of the message about it.

        :param str document: what the lines are of, for the refusal
        :param number: function of a line that gives the number the order was sent with
        :raises UserError: an entry can mean no line, or several
        """
        by_product = defaultdict(list)
        for line in lines:
            if line.display_type in (False, "product"):
                by_product[line.product_id].append(line)
        meant = defaultdict(list)
        for entry in entries:
            wanted = entry["line"].get("line")
            found = [
                line
                for line in by_product[entry["product"]]
                if wanted is None or number(line) == wanted
            ]
            if len(found) != 1:
                raise UserError(
                    _(
                        "Item %(item)s stands on %(count)s lines of %(document)s that the "
                        "message can mean. Have the vendor name the number of the line that "
                        "the order was sent with.",
                        item=entry["line"]["item"],
                        count=len(found),
                        document=document,
                    )
                )
            meant[found[0]].append(entry)
        return meant

    def _other_price(self, line, entry):
        """Return (theirs, ours) per unit of the entry if it names another price than the
        line of the order, else None."""
        price = entry["line"].get("unit_price")
        if price is None:
            return None
        price = names.amount(price, _("Price"))
        ours = line.product_uom._compute_price(
            line.price_unit_discounted, entry["unit"]
        )
        digits = self.env["decimal.precision"].precision_get("Product Price")
        if not float_compare(price, ours, precision_digits=digits):
            return None
        return price, ours
