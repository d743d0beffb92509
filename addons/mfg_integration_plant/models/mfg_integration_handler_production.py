from odoo import _, models
from odoo.exceptions import UserError

from odoo.addons.mfg_integration_queue.engine.not_yet import NotYet

from ..messages import names

OPEN = ("confirmed", "progress", "to_close")


class MfgIntegrationHandlerProduction(models.AbstractModel):
    """What the messages about a manufacturing order share: finding it, and their order."""

    _name = "mfg.integration.handler.production"
    _inherit = "mfg.integration.handler.plant"
    _description = "Handler of Manufacturing Messages"
    #: an issue must not be overtaken by the confirmation that follows it
    _conversation = "production"

    def _ordering_key(self, payload):
        """Messages about one order are processed one after the other."""
        order = payload.get("order")
        return order if isinstance(order, str) else ""

    def _open_order(self, payload, message):
        """Return the order that is meant, as far as it is still open.

        The number of an order also stands for its backorders: the first one that is open
        counts.

        :raises NotYet: it is a draft
        :raises UserError: it is not known, done or cancelled
        """
        number = payload["order"]
        orders = self._orders(number, message)
        for order in orders:
            if order.state in OPEN:
                return order
        for order in orders:
            if order.state == "draft":
                raise NotYet(
                    _(
                        "Manufacturing order %(order)s is a draft: confirm it first.",
                        order=order.name,
                    ),
                    f"{order._name},{order.id}",
                )
        states = dict(orders._fields["state"]._description_selection(self.env))
        raise UserError(
            _(
                "Manufacturing order %(order)s is closed (%(state)s). Nothing was posted. "
                "Send the message for an open order, or give it up.",
                order=number,
                state=states[orders[-1].state],
            )
        )

    def _orders(self, number, message):
        """Return the order of a number and its backorders, in their sequence."""
        found = self._names(message).known("order", {number}).get(number)
        if found is None:
            # After a partial confirmation Odoo renames the order; its group keeps the
            # number it was released under.
            found = self.env["mrp.production"].search(
                [
                    ("procurement_group_id.name", "=", number),
                    ("company_id", "=", self.env.company.id),
                ]
            )
        elif found.backorder_sequence:
            found |= found.procurement_group_id.mrp_production_ids.filtered(
                lambda each: each.backorder_sequence > found.backorder_sequence
            )
        if not found:
            self._names(message).find("order", {number})
        return found.with_env(self.env).sorted(
            lambda each: (each.backorder_sequence, each.id)
        )

    def _time(self, payload, key):
        return names.moment(payload.get(key), key)
