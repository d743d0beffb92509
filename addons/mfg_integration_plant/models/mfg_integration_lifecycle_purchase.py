import json

from odoo import _, api, models
from odoo.tools import float_compare


class MfgIntegrationLifecyclePurchase(models.AbstractModel):
    """From the order of goods to the posted bill."""

    _name = "mfg.integration.lifecycle.purchase"
    _inherit = "mfg.integration.lifecycle"
    _description = "Lifecycle of a Purchase Order"

    @api.model
    def _steps(self, order):
        if order.state == "cancel":
            yield self._cancelled(order)
            return
        yield self._ordered(order)
        sent = list(self._sent(order, "purchase.ordered", _("Sent to the vendor")))
        yield from sent
        yield from self._acknowledged(order, bool(sent))
        yield from self._exceptions(order)
        yield from self._announced(order, bool(sent))
        yield from self._received(order)
        yield from self._quality(order)
        yield from self._billed(order)

    @api.model
    def _ordered(self, order):
        approval = order.state == "to approve"
        return self._step(
            "ordered",
            _("Ordered"),
            done=order.state in ("purchase", "done"),
            text=approval and _("Waits for approval."),
            at=order.date_approve,
            due=order.date_order,
            turn=_("Purchase manager") if approval else order.user_id.name,
        )

    @api.model
    def _acknowledged(self, order, expected):
        """Yield the step of the vendor's answer, where one is expected or came."""
        answer = self._reported(order, "purchase.acknowledged")
        if not (answer or expected):
            return
        result = {}
        if answer.state == "processed":
            result = json.loads(answer.result or "{}")
        accepted = result.get("accepted")
        # The buyer is asked by an activity; without it he has decided.
        undecided = order.activity_ids.filtered(
            lambda each: (
                each.activity_type_id == self.env.ref("mail.mail_activity_data_warning")
            )
        )
        problem = accepted is False and bool(undecided)
        text = False
        if problem:
            text = " ".join(result["deviations"])
        elif accepted is False:
            text = _("The vendor confirmed something else, and the buyer decided.")
        yield self._step(
            "acknowledged",
            _("Confirmed by the vendor"),
            done=accepted is not None,
            text=text,
            at=answer.finished_at,
            due=order.date_planned,
            turn=order.user_id.name if problem else order.partner_id.name,
            problem=problem,
        )

    @api.model
    def _announced(self, order, expected):
        """Yield the step of ship notices; of goods that came without one, nothing."""
        receipts = order.picking_ids
        shipments = {*receipts.move_line_ids.mapped("mfg_shipment")}
        shipments |= {*receipts.mapped("mfg_delivery_note")}
        shipments -= {False, ""}
        over = receipts and all(each.state in ("done", "cancel") for each in receipts)
        if not shipments and (over or not expected):
            return
        yield self._step(
            "announced",
            _("Announced by the vendor"),
            done=bool(shipments),
            text=shipments
            and _("Shipment %(numbers)s", numbers=", ".join(sorted(shipments))),
            at=self._reported(receipts, "shipment.announced").finished_at,
            due=order.date_planned,
            turn=order.partner_id.name,
        )

    @api.model
    def _received(self, order):
        lines = order.order_line.filtered(
            lambda each: each.product_id.type in ("product", "consu")
        )
        if not lines:
            return
        complete = lines.filtered(
            lambda each: (
                float_compare(
                    each.qty_received,
                    each.product_qty,
                    precision_rounding=each.product_uom.rounding,
                )
                >= 0
            )
        )
        waiting = (lines - complete).filtered("date_planned")
        values = {"due": min(waiting.mapped("date_planned"))} if waiting else {}
        yield self._transfers(
            "received",
            _("Received"),
            order.picking_ids,
            text=_(
                "%(count)s of %(total)s items complete",
                count=len(complete),
                total=len(lines),
            ),
            **values,
        )

    @api.model
    def _billed(self, order):
        bills = order.invoice_ids.filtered(
            lambda each: each.move_type == "in_invoice" and each.state != "cancel"
        )
        matched = order.invoice_status == "invoiced"
        names = ", ".join(bill.ref or bill.name or "" for bill in bills)
        yield self._step(
            "billed",
            _("Bill matched"),
            done=matched,
            text=names,
            turn=order.partner_id.name if not bills else _("Accounting"),
            record=bills[:1],
        )
        drafts = bills.filtered(lambda each: each.state == "draft")
        dates = [day for day in drafts.mapped("invoice_date_due") if day]
        yield self._step(
            "posted",
            _("Bill posted"),
            done=bool(bills) and not drafts and matched,
            text=drafts
            and _("%(count)s of %(total)s drafts", count=len(drafts), total=len(bills)),
            due=self._end_of(min(dates)) if dates else False,
            turn=_("Accounting"),
            record=drafts[:1] or bills[-1:],
        )
