from odoo import _, models
from odoo.exceptions import UserError
from odoo.tools import float_compare

from odoo.addons.mfg_integration_queue.engine.not_yet import NotYet

from ..messages import names


class MfgIntegrationHandlerProductionOperation(models.AbstractModel):
    """An operation starts, pauses or is complete, with yield, scrap and downtime."""

    _name = "mfg.integration.handler.production.operation"
    _inherit = "mfg.integration.handler.production"
    _description = "Handler of production.operation"
    _message_type = "production.operation"

    def _handle(self, payload, message):
        """Do what the operator does on the work order.

        :return: ``{"order", "operation", "state"}``
        :raises UserError: the work order is not known, ambiguous or closed
        """
        order = self._open_order(payload, message)
        workorder = self._workorder(order, payload, message)
        at = self._time(payload, "at")
        self._check_open(workorder)
        if payload.get("quantity"):
            workorder.qty_produced = self._yield(workorder, payload, message)
        getattr(self, f"_{payload['action']}")(workorder, at)
        self._scrap(workorder, payload.get("scrap") or [], message)
        self._downtime(workorder, payload.get("downtime") or [], message)
        message.link(order)
        self._wake([order, workorder])
        return {
            "order": order.name,
            "operation": workorder.name,
            "state": workorder.state,
        }

    def _workorder(self, order, payload, message):
        """Return the work order by the name of its operation or of its work center."""
        name = payload["operation"]
        found = order.workorder_ids.filtered(
            lambda each: each.name == name and each.state != "cancel"
        )
        if not found:
            center = self._names(message).known("work_center", {name}).get(name)
            found = order.workorder_ids.filtered(
                lambda each: each.workcenter_id == center and each.state != "cancel"
            )
        if len(found) != 1:
            raise UserError(
                _(
                    "Operation “%(operation)s” stands for %(count)s work orders of "
                    "%(order)s, which has: %(known)s.",
                    operation=name,
                    count=len(found),
                    order=order.name,
                    known=", ".join(order.workorder_ids.mapped("name")) or _("none"),
                )
            )
        return found

    def _start(self, workorder, at):
        if workorder.state == "pending":
            raise NotYet(
                _(
                    "%(operation)s of %(order)s starts after the operations before it.",
                    operation=workorder.name,
                    order=workorder.production_id.name,
                ),
                f"mrp.production,{workorder.production_id.id}",
            )
        workorder.button_start()
        self._open_times(workorder).date_start = at

    def _pause(self, workorder, at):
        self._check_started(workorder)
        times = self._open_times(workorder)
        workorder.button_pending()
        self._end(times, at)

    def _complete(self, workorder, at):
        self._check_started(workorder)
        times = self._open_times(workorder)
        workorder.button_finish()
        self._end(times, at)

    def _yield(self, workorder, payload, message):
        """Return the good quantity of a message, in the unit of the order."""
        production = workorder.production_id
        unit = payload["quantity"]["unit"]
        what = _("Operation %(operation)s", operation=workorder.name)
        entry = self._entry(
            payload,
            production.product_id,
            self._names(message).find("unit", {unit})[unit],
            what,
        )
        made = names.converted(
            entry["quantity"], entry["unit"], production.product_uom_id, what
        )
        if (
            float_compare(
                made,
                workorder.qty_production,
                precision_rounding=production.product_uom_id.rounding,
            )
            > 0
        ):
            raise UserError(
                _(
                    "%(what)s: %(made)s were made, more than the %(planned)s that are "
                    "planned.",
                    what=what,
                    made=made,
                    planned=workorder.qty_production,
                )
            )
        return made

    def _check_open(self, workorder):
        if workorder.state == "done":
            raise UserError(
                _(
                    "%(operation)s of %(order)s is complete already.",
                    operation=workorder.name,
                    order=workorder.production_id.name,
                )
            )

    def _check_started(self, workorder):
        if workorder.state != "progress":
            raise NotYet(
                _(
                    "%(operation)s of %(order)s has not started yet.",
                    operation=workorder.name,
                    order=workorder.production_id.name,
                ),
                f"mrp.workorder,{workorder.id}",
            )

    def _open_times(self, workorder):
        return workorder.time_ids.filtered(lambda each: not each.date_end)

    def _end(self, times, at):
        """Let recorded times end when the sender says, not when the message was read."""
        for time in times:
            if at < time.date_start:
                raise UserError(
                    _(
                        "The operation ends at %(end)s, before it started at %(start)s.",
                        end=at,
                        start=time.date_start,
                    )
                )
            time.date_end = at

    def _scrap(self, workorder, lines, message):
        """Scrap components of the order."""
        order = workorder.production_id
        for entry in self._goods(lines, message):
            if entry["product"] not in order.move_raw_ids.product_id:
                raise UserError(
                    _(
                        "%(item)s is no component of %(order)s. Scrap of the product "
                        "itself is reported once it is in stock, by a stock adjustment.",
                        item=entry["product"].display_name,
                        order=order.name,
                    )
                )
            place = order.location_src_id
            key = entry["product"], entry["lot"], place
            self._check_on_hand({key: entry["stock_quantity"]})
            scrap = self.env["stock.scrap"].create(
                {
                    "product_id": entry["product"].id,
                    "lot_id": entry["lot"].id,
                    "scrap_qty": entry["quantity"],
                    "product_uom_id": entry["unit"].id,
                    "production_id": order.id,
                    "workorder_id": workorder.id,
                    "location_id": self._place_of(entry, place).id,
                    "company_id": order.company_id.id,
                    "origin": order.name,
                }
            )
            scrap.do_scrap()

    def _place_of(self, entry, location):
        """Return where below a location most of a lot or item lies."""
        quant = self.env["stock.quant"].search(
            [
                ("product_id", "=", entry["product"].id),
                ("lot_id", "=", entry["lot"].id),
                ("location_id", "child_of", location.id),
            ],
            order="quantity desc",
            limit=1,
        )
        return quant.location_id or location

    def _downtime(self, workorder, stops, message):
        """Note when and why the work center stood still."""
        losses = self._names(message).find("loss", {stop["reason"] for stop in stops})
        values = []
        for stop in stops:
            start, end = self._time(stop, "from"), self._time(stop, "to")
            if end < start:
                raise UserError(
                    _("The downtime ends at %(end)s, before it begins.", end=stop["to"])
                )
            values.append(
                {
                    # of the work center only: it is no working time of the order
                    "workcenter_id": workorder.workcenter_id.id,
                    "company_id": workorder.company_id.id,
                    "loss_id": losses[stop["reason"]].id,
                    "date_start": start,
                    "date_end": end,
                    "description": stop.get("note") or workorder.display_name,
                }
            )
        self.env["mrp.workcenter.productivity"].create(values)
