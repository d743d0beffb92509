from odoo import _, models
from odoo.exceptions import UserError
from odoo.tools import float_compare, plaintext2html

from ..messages import names


class MfgIntegrationHandlerPurchaseAcknowledged(models.AbstractModel):
    """What a vendor answers to an order.

    Dates are taken over as a buyer would. A quantity or price that is not the order's is
    the buyer's decision: he gets an activity, and the order stays as it is.
    """

    _name = "mfg.integration.handler.purchase.acknowledged"
    _inherit = "mfg.integration.handler.purchase"
    _description = "Handler of purchase.acknowledged"
    _message_type = "purchase.acknowledged"

    def _handle(self, payload, message):
        """Compare with the order; take the dates over, or have the buyer decide.

        :return: ``{"order", "accepted", "deviations", "dates_changed"}``
        :raises UserError: an order or item that is not known, a line that is not the
            order's, a cancelled order, a deviation of an order without buyer
        """
        order = self._order_meant(payload["order"], message)
        entries = self._entries(payload.get("lines", []), message)
        confirmed = self._by_line(order.order_line, entries, order.name)
        message.link(order)
        deviations = [
            text
            for line, entries in confirmed.items()
            for text in self._deviations(line, entries)
        ]
        if payload["status"] == "rejected":
            reason = payload.get("reason") or _("no reason given")
            deviations.insert(
                0, _("The vendor rejects the order: %(reason)s", reason=reason)
            )
        if deviations:
            self._ask_buyer(order, deviations)
            return {
                "order": order.name,
                "accepted": False,
                "deviations": deviations,
                "dates_changed": 0,
            }
        changes = self._new_dates(confirmed)
        if changes:
            order._update_date_planned_for_lines(changes)
        if (number := payload.get("reference")) and not order.partner_ref:
            order.partner_ref = number
        order.message_post(body=_("The vendor confirmed the order."))
        return {
            "order": order.name,
            "accepted": True,
            "deviations": [],
            "dates_changed": len(changes),
        }

    def _entry(self, line, product, unit, what):
        """A vendor may confirm that nothing comes."""
        if line["quantity"]["value"] == 0:
            return {"line": line, "product": product, "unit": unit, "stock_quantity": 0}
        return super()._entry(line, product, unit, what)

    def _deviations(self, line, entries):
        """Yield in words what the vendor says other than the order."""
        product = line.product_id
        ordered = line.product_uom._compute_quantity(
            line.product_qty, product.uom_id, round=False
        )
        total = sum(entry["stock_quantity"] for entry in entries)
        if float_compare(total, ordered, precision_rounding=product.uom_id.rounding):
            yield _(
                "%(item)s: ordered %(ordered)s %(unit)s, confirmed %(total)s.",
                item=product.display_name,
                ordered=ordered,
                unit=product.uom_id.name,
                total=total,
            )
        for entry in entries:
            if other := self._other_price(line, entry):
                price, ours = other
                yield _(
                    "%(item)s: ordered at %(ours)s %(currency)s per %(unit)s, confirmed at "
                    "%(price)s.",
                    item=product.display_name,
                    ours=ours,
                    currency=line.currency_id.name,
                    unit=entry["unit"].name,
                    price=price,
                )
        if len(self._dates(entries)) > 1:
            yield _(
                "%(item)s: the vendor delivers on several dates: %(dates)s (UTC).",
                item=product.display_name,
                dates=", ".join(str(date) for date in sorted(self._dates(entries))),
            )

    def _dates(self, entries):
        dates = {
            names.moment(
                entry["line"].get("expected_at"),
                _("Item %(item)s", item=entry["line"]["item"]),
                planned=True,
            )
            for entry in entries
        }
        return dates - {None}

    def _new_dates(self, confirmed):
        """Return [(line, date), …] of the lines that still expect goods on another date."""
        changes = []
        for line, entries in confirmed.items():
            for date in self._dates(entries):
                received = line.move_ids and all(
                    move.state in ("done", "cancel") for move in line.move_ids
                )
                if date != line.date_planned and not received:
                    changes.append((line, date))
        return changes

    def _ask_buyer(self, order, deviations):
        """Have the buyer decide, by one activity with all that is open."""
        text = "\n".join(deviations)
        buyer = order.user_id
        if not buyer.active:
            raise UserError(
                _(
                    "%(order)s has no buyer who could decide: give it one, then process the "
                    "message again.\n%(deviations)s",
                    order=order.name,
                    deviations=text,
                )
            )
        kind = self.env.ref("mail.mail_activity_data_warning")
        summary = _("Vendor's confirmation differs")
        open_ = order.activity_ids.filtered(
            lambda each: (
                each.activity_type_id == kind
                and each.summary == summary
                and each.user_id == buyer
            )
        )
        note = plaintext2html(text)
        if open_:
            open_[0].note = note
        else:
            order.activity_schedule(
                "mail.mail_activity_data_warning",
                summary=summary,
                note=note,
                user_id=buyer.id,
            )
