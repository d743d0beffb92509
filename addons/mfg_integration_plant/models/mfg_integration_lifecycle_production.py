from odoo import _, api, models

from ..messages.vocabulary import number


class MfgIntegrationLifecycleProduction(models.AbstractModel):
    """From the release of an order to the shipment of what it made."""

    _name = "mfg.integration.lifecycle.production"
    _inherit = "mfg.integration.lifecycle"
    _description = "Lifecycle of a Manufacturing Order"

    @api.model
    def _steps(self, order):
        if order.state == "cancel":
            yield self._cancelled(order)
            return
        floor = order.user_id.name or order.picking_type_id.warehouse_id.name
        yield self._step(
            "released",
            _("Released"),
            done=order.state != "draft",
            due=order.date_start,
            turn=floor,
        )
        yield from self._sent(order, "production.released", _("Sent to the floor"))
        yield from self._issued(order, floor)
        yield from self._operated(order)
        yield from self._exceptions(order)
        yield self._produced(order, floor)
        yield from self._quality(order)
        yield from self._shipped(order)

    @api.model
    def _issued(self, order, floor):
        moves = order.move_raw_ids.filtered(
            lambda each: each.state != "cancel" and each.product_id.type != "service"
        )
        if not moves:
            return
        issued = moves.filtered(lambda each: each.state == "done" or each.picked)
        text = _(
            "%(count)s of %(total)s components",
            count=len(issued),
            total=len(moves),
        )
        done = len(issued) == len(moves)
        if not done and order.components_availability:
            text = f"{text} · {order.components_availability}"
        yield self._step(
            "issued",
            _("Material issued"),
            done=done,
            text=text,
            due=order.date_start,
            turn=floor,
        )

    @api.model
    def _operated(self, order):
        operations = order.workorder_ids.filtered(lambda each: each.state != "cancel")
        if not operations:
            return
        open_ = operations.filtered(lambda each: each.state != "done")
        ends = [end for end in operations.mapped("date_finished") if end]
        yield self._step(
            "operated",
            _("Operations"),
            done=not open_,
            text=_(
                "%(count)s of %(total)s finished",
                count=len(operations) - len(open_),
                total=len(operations),
            ),
            at=ends and max(ends),
            due=order.date_deadline or order.date_finished,
            turn=open_[:1].workcenter_id.name,
            record=open_[:1],
        )

    @api.model
    def _produced(self, order, floor):
        scrapped = sum(
            each.product_uom_id._compute_quantity(
                each.scrap_qty, order.product_uom_id, round=False
            )
            for each in order.scrap_ids
            if each.state == "done" and each.product_id == order.product_id
        )
        step = order.product_uom_id.rounding
        words = {
            "produced": number(order.qty_produced, step),
            "planned": number(order.product_qty, step),
            "unit": order.product_uom_id.name,
            "scrapped": number(scrapped, step),
        }
        text = _("%(produced)s of %(planned)s %(unit)s", **words)
        if scrapped:
            text = _(
                "%(produced)s of %(planned)s %(unit)s, %(scrapped)s scrapped", **words
            )
        return self._step(
            "produced",
            _("Finished goods received"),
            done=order.state == "done",
            text=text,
            at=order.date_finished,
            due=order.date_deadline or order.date_finished,
            turn=floor,
        )

    @api.model
    def _shipped(self, order):
        """Yield the step of the deliveries that wait for what the order makes."""
        seen = moves = order.move_finished_ids
        while moves := moves.move_dest_ids - seen:
            seen |= moves
        deliveries = seen.picking_id.filtered(
            lambda each: each.picking_type_code == "outgoing" and each.state != "cancel"
        )
        if deliveries:
            yield self._transfers(
                "shipped",
                _("Shipped"),
                deliveries,
                text=", ".join(deliveries.mapped("name")),
            )
