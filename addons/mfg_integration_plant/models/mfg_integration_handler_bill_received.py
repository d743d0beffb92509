from odoo import _, models
from odoo.exceptions import UserError
from odoo.tools import float_compare

from ..messages import names


class MfgIntegrationHandlerBillReceived(models.AbstractModel):
    """A vendor's bill for an order: a draft that agrees to the cent, or nothing."""

    _name = "mfg.integration.handler.bill.received"
    _inherit = "mfg.integration.handler.bill"
    _description = "Handler of bill.received"
    _message_type = "bill.received"

    def _handle(self, payload, message):
        """Create the draft bill that Odoo makes of the order, as far as it is billed.

        :return: ``{"bill", "order", "currency", "untaxed", "tax", "total"}``; the bill by
            its id: it has no number before it is posted
        :raises NotYet: the order is not confirmed yet
        :raises UserError: an order, vendor or item that is not known or not the order's,
            more than may be billed, another price, currency or control total, a bill that
            is in Odoo already
        """
        order = self._order_meant(payload["order"], message)
        self._check_head(payload, order, message)
        self._check_new(
            "in_invoice", payload["number"], order.partner_id, order.company_id
        )
        entries = self._entries(payload["lines"], message)
        billed = self._by_line(order.order_line, entries, order.name)
        quantities = {
            line: self._billable(line, entries) for line, entries in billed.items()
        }
        bill = self.env["account.move"].create(self._values(payload, order, quantities))
        self._check_control(payload, bill, order.name)
        message.link(bill)
        return {
            "bill": bill.id,
            "order": order.name,
            "currency": bill.currency_id.name,
            "untaxed": bill.amount_untaxed,
            "tax": bill.amount_tax,
            "total": bill.amount_total,
        }

    def _check_head(self, payload, order, message):
        self._check_currency("in_invoice", payload, order.currency_id, order.name)
        if not (name := payload.get("vendor")):
            return
        vendor = self._names(message).find("partner", {name})[name]
        if vendor.commercial_partner_id != order.partner_id.commercial_partner_id:
            raise UserError(
                _(
                    "%(order)s was ordered from %(ours)s, bill %(number)s is from "
                    "%(theirs)s. Correct the order or the vendor of the message.",
                    order=order.name,
                    ours=order.partner_id.display_name,
                    number=payload["number"],
                    theirs=vendor.display_name,
                )
            )

    def _billable(self, line, entries):
        """Return the quantity that is billed of a line, in its unit.

        :raises UserError: more than Odoo would bill now, or at another price
        """
        product, unit = line.product_id, line.product_uom
        for entry in entries:
            if other := self._other_price(line, entry):
                price, ours = other
                raise UserError(
                    _(
                        "%(item)s: ordered at %(ours)s %(currency)s per %(unit)s, billed at "
                        "%(price)s. Have the buyer correct the order or the vendor the "
                        "bill; then process the message again.",
                        item=product.display_name,
                        ours=ours,
                        currency=line.currency_id.name,
                        unit=entry["unit"].name,
                        price=price,
                    )
                )
        billed = names.converted(
            sum(entry["stock_quantity"] for entry in entries),
            product.uom_id,
            unit,
            product.display_name,
        )
        if (
            float_compare(billed, line.qty_to_invoice, precision_rounding=unit.rounding)
            > 0
        ):
            raise UserError(
                _(
                    "%(item)s: %(billed)s %(unit)s are billed, %(open)s may be: of "
                    "%(order)s %(received)s are received and %(before)s billed before. "
                    "Book the receipt or have the vendor correct the bill; then process "
                    "the message again.",
                    item=product.display_name,
                    billed=billed,
                    unit=unit.name,
                    open=max(line.qty_to_invoice, 0.0),
                    order=line.order_id.name,
                    received=line.qty_received,
                    before=line.qty_invoiced,
                )
            )
        return billed

    def _values(self, payload, order, quantities):
        """Return the values of the bill as the order's own button makes them."""
        values = {
            **order.with_company(order.company_id)._prepare_invoice(),
            "ref": payload["number"],
            "payment_reference": payload.get("payment_reference") or payload["number"],
            "invoice_date": names.day(payload["date"]),
            "invoice_line_ids": [
                (
                    0,
                    0,
                    {
                        **line._prepare_account_move_line(),
                        "quantity": quantity,
                        "sequence": sequence,
                    },
                )
                for sequence, (line, quantity) in enumerate(quantities.items(), 10)
            ],
        }
        if due := payload.get("due"):
            # a term would set another date
            values["invoice_payment_term_id"] = False
            values["invoice_date_due"] = names.day(due)
        return values
