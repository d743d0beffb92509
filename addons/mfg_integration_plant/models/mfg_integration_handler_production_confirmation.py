from odoo import _, models
from odoo.exceptions import UserError
from odoo.tools import float_compare

from ..messages import names


class MfgIntegrationHandlerProductionConfirmation(models.AbstractModel):
    """Finished goods of an order: part of it, the rest, or less than planned for good."""

    _name = "mfg.integration.handler.production.confirmation"
    _inherit = "mfg.integration.handler.production"
    _description = "Handler of production.confirmation"
    _message_type = "production.confirmation"

    def _handle(self, payload, message):
        """Produce and mark as done; what is left becomes a backorder, as in the form.

        :return: ``{"order", "state", "produced", "open"}`` of the order that was finished
            last, quantities in its unit
        :raises UserError: more than is open, a lot or unit that does not fit, or components
            that are missing
        """
        at = self._time(payload, "finished_at")
        parts = self._parts(payload, message)
        final = bool(payload.get("final"))
        for number, (quantity, unit, lot) in enumerate(parts, start=1):
            order = self._open_order(payload, message)
            message.link(order)
            last = number == len(parts)
            self._produce(order, quantity, unit, lot, payload.get("backflush", True))
            self._finish(order, final and last)
            # Orders are done when the goods were, not when the message was read.
            if at and at >= order.date_start:
                order.date_finished = at
        self._wake(order, order.product_id)
        rest = order.procurement_group_id.mrp_production_ids.filtered(
            lambda each: each.state not in ("done", "cancel")
        )
        return {
            "order": order.name,
            "state": order.state,
            "produced": order.qty_produced,
            "open": sum(rest.mapped("product_qty")),
        }

    def _parts(self, payload, message):
        """Return the (quantity in the unit, unit, lot) to produce one after the other."""
        order = self._open_order(payload, message)
        what = _("Order %(order)s", order=payload["order"])
        self._check_item(order, payload, message)
        lines = payload.get("lots") or [{}]
        lines = [
            {
                "lot": line.get("name"),
                "quantity": line.get("quantity", payload["quantity"]),
            }
            for line in lines
        ]
        units = self._names(message).find(
            "unit",
            {line["quantity"]["unit"] for line in [payload, *lines]},
        )
        unit = units[payload["quantity"]["unit"]]
        total = self._entry(payload, order.product_id, unit, what)["quantity"]
        self._check_open_quantity(order, total, unit, what)
        goods = [
            self._entry(line, order.product_id, units[line["quantity"]["unit"]], what)
            for line in lines
        ]
        self._add_lots(goods, self._names(message), new_lots=True)
        together = sum(
            entry["unit"]._compute_quantity(entry["quantity"], unit, round=False)
            for entry in goods
        )
        if float_compare(together, total, precision_rounding=unit.rounding):
            raise UserError(
                _(
                    "%(what)s: the lots make %(together)s %(unit)s, the message says "
                    "%(total)s.",
                    what=what,
                    together=together,
                    unit=unit.name,
                    total=total,
                )
            )
        return [(entry["quantity"], entry["unit"], entry["lot"]) for entry in goods]

    def _check_item(self, order, payload, message):
        """Refuse a message about another item than the order's."""
        name = payload.get("item")
        if not name:
            return
        item = self._names(message).find("item", {name})[name]
        if item.id != order.product_id.id:
            raise UserError(
                _(
                    "Order %(order)s makes %(product)s, the message confirms %(item)s.",
                    order=order.name,
                    product=order.product_id.display_name,
                    item=item.display_name,
                )
            )

    def _check_open_quantity(self, order, total, unit, what):
        made = names.converted(total, unit, order.product_uom_id, what)
        left = order.product_qty - order.qty_produced
        if (
            float_compare(made, left, precision_rounding=order.product_uom_id.rounding)
            > 0
        ):
            raise UserError(
                _(
                    "%(what)s: %(made)s %(unit)s are confirmed, only %(left)s are open. "
                    "Raise the quantity of the order or correct the message; then process "
                    "it again.",
                    what=what,
                    made=made,
                    unit=order.product_uom_id.name,
                    left=left,
                )
            )

    def _produce(self, order, quantity, unit, lot, backflush):
        order.lot_producing_id = lot
        order.qty_producing = unit._compute_quantity(
            quantity, order.product_uom_id, round=False
        )
        if backflush:
            order.set_qty_producing()

    def _finish(self, order, final):
        """Answer the questions Odoo asks as the sender would."""
        action = order.button_mark_done()
        while isinstance(action, dict):
            model = action.get("res_model")
            if model == "mrp.consumption.warning":
                action = self._confirm_consumption(self._wizard(action), order)
            elif model == "mrp.production.backorder":
                wizard = self._wizard(action)
                action = (
                    wizard.action_close_mo() if final else wizard.action_backorder()
                )
            else:
                break
        if order.state != "done":
            raise UserError(
                _(
                    "Order %(order)s could not be finished: finish it in its form and see "
                    "what Odoo asks.",
                    order=order.name,
                )
            )

    def _wizard(self, action):
        return (
            self.env[action["res_model"]].with_context(**action["context"]).create({})
        )

    def _confirm_consumption(self, wizard, order):
        if wizard.consumption == "strict":
            raise UserError(
                _(
                    "Order %(order)s consumed other quantities than its bill of materials "
                    "allows: %(lines)s.",
                    order=order.name,
                    lines="; ".join(
                        _(
                            "%(item)s %(consumed)s instead of %(expected)s",
                            item=line.product_id.display_name,
                            consumed=line.product_consumed_qty_uom,
                            expected=line.product_expected_qty_uom,
                        )
                        for line in wizard.mrp_consumption_warning_line_ids
                    ),
                )
            )
        return wizard.action_confirm()
