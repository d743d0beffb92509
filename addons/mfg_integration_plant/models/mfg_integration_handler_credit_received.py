from odoo import _, models
from odoo.exceptions import UserError
from odoo.tools import float_compare, plaintext2html

from odoo.addons.mfg_integration_queue.engine.not_yet import NotYet

from ..messages import names

GOODS, PRICE = "goods", "price"


class MfgIntegrationHandlerCreditReceived(models.AbstractModel):
    """A vendor's credit note for one of his bills: a draft within the bill, or nothing."""

    _name = "mfg.integration.handler.credit.received"
    _inherit = "mfg.integration.handler.bill"
    _description = "Handler of credit.received"
    _message_type = "credit.received"

    def _handle(self, payload, message):
        """Create the draft credit note, with accounts and taxes of the bill.

        :return: ``{"credit_note", "bill", "currency", "untaxed", "tax", "total"}``; the
            credit note by its id: it has no number before it is posted
        :raises NotYet: the bill is not posted yet
        :raises UserError: a bill, vendor or item that is not known or not the bill's, more
            than was billed, another currency or control total, a credit note that is in
            Odoo already
        """
        bill = self._bill_meant(payload, message)
        self._check_head(payload, bill, message)
        self._check_new(
            "in_refund", payload["number"], bill.partner_id, bill.company_id
        )
        entries = self._entries(payload["lines"], message)
        meant = self._by_line(
            bill.invoice_line_ids,
            entries,
            self._called(payload),
            number=lambda line: line.purchase_line_id.id,
        )
        self._check_billed(bill, meant)
        note = self.env["account.move"].create(self._values(payload, bill, meant))
        self._check_amounts(bill, meant)
        self._check_control(payload, note, bill.name)
        message.link(note)
        return {
            "credit_note": note.id,
            "bill": bill.name,
            "currency": note.currency_id.name,
            "untaxed": note.amount_untaxed,
            "tax": note.amount_tax,
            "total": note.amount_total,
        }

    def _bill_meant(self, payload, message):
        """Return the posted bill with the vendor's number.

        :raises NotYet: it is a draft
        :raises UserError: nobody knows it, or it stands for several
        """
        number, name = payload["bill"], payload["vendor"]
        vendor = self._names(message).find("partner", {name})[name]
        bills = self._entered("in_invoice", number, vendor, self.env.company)
        if not bills:
            raise UserError(
                _(
                    "Bill %(number)s of %(vendor)s is not in Odoo. Enter it or process its "
                    "message, or have the vendor correct the number; then process this "
                    "message again.",
                    number=number,
                    vendor=vendor.commercial_partner_id.display_name,
                )
            )
        if len(bills) > 1:
            raise UserError(
                _(
                    "Bill %(number)s of %(vendor)s is in Odoo %(count)s times. Cancel the "
                    "wrong ones and process the message again, or enter the credit note "
                    "by hand.",
                    number=number,
                    vendor=vendor.commercial_partner_id.display_name,
                    count=len(bills),
                )
            )
        if bills.state == "draft":
            raise NotYet(
                _(
                    "Bill %(number)s of %(vendor)s is not posted yet.",
                    number=number,
                    vendor=vendor.commercial_partner_id.display_name,
                ),
                f"account.move,{bills.id}",
            )
        return bills

    def _check_head(self, payload, bill, message):
        self._check_currency(
            "in_refund", payload, bill.currency_id, self._called(payload)
        )
        if not (name := payload.get("order")):
            return
        order = self._names(message).find("purchase", {name})[name]
        if order not in bill.invoice_line_ids.purchase_line_id.order_id:
            raise UserError(
                _(
                    "Bill %(bill)s has no line of %(order)s. Have the vendor correct the "
                    "bill or the order of the credit note.",
                    bill=payload["bill"],
                    order=order.name,
                )
            )

    def _called(self, payload):
        return _("bill %(number)s", number=payload["bill"])

    def _check_billed(self, bill, meant):
        """Refuse a price above the bill's and more than is left of what was billed."""
        before = self._credited(bill)
        for line, entries in meant.items():
            for entry in entries:
                self._check_price(line, entry)
            left = line.quantity - sum(
                each.product_uom_id._compute_quantity(
                    each.quantity, line.product_uom_id, round=False
                )
                for each in before
                if each.product_id == line.product_id
                and each.purchase_line_id == line.purchase_line_id
            )
            for kind in (GOODS, PRICE):
                self._check_quantity(
                    line,
                    left,
                    sum(
                        entry["stock_quantity"]
                        for entry in entries
                        if self._kind(entry) == kind
                    ),
                )

    def _kind(self, entry):
        return entry["line"].get("kind") or GOODS

    def _credited(self, bill):
        """Return the lines of the credit notes of a bill, drafts among them."""
        return self.env["account.move.line"].search(
            [
                ("move_id.reversed_entry_id", "=", bill.id),
                ("move_id.move_type", "=", "in_refund"),
                ("parent_state", "!=", "cancel"),
                ("display_type", "=", "product"),
            ]
        )

    def _check_price(self, line, entry):
        price = names.amount(entry["line"]["unit_price"], _("Price"))
        ours = line.product_uom_id._compute_price(
            line.price_unit * (1 - line.discount / 100), entry["unit"]
        )
        digits = self.env["decimal.precision"].precision_get("Product Price")
        if price <= 0 or float_compare(price, ours, precision_digits=digits) > 0:
            raise UserError(
                _(
                    "%(item)s: billed at %(ours)s %(currency)s per %(unit)s, credited at "
                    "%(price)s. It has to be above zero and not above the bill's. Have the "
                    "vendor correct the credit note.",
                    item=line.product_id.display_name,
                    ours=ours,
                    currency=line.currency_id.name,
                    unit=entry["unit"].name,
                    price=price,
                )
            )

    def _check_quantity(self, line, left, stock_quantity):
        product, unit = line.product_id, line.product_uom_id
        credited = names.converted(
            stock_quantity, product.uom_id, unit, product.display_name
        )
        if float_compare(credited, left, precision_rounding=unit.rounding) > 0:
            raise UserError(
                _(
                    "%(item)s: %(credited)s %(unit)s are credited, %(left)s may be: bill "
                    "%(bill)s has %(billed)s, and %(before)s were credited before. Have the "
                    "vendor correct the credit note.",
                    item=product.display_name,
                    credited=credited,
                    unit=unit.name,
                    left=max(left, 0.0),
                    bill=line.move_id.ref,
                    billed=line.quantity,
                    before=line.quantity - left,
                )
            )

    def _values(self, payload, bill, meant):
        """Return the values of the credit note as the bill's own button makes them."""
        day = names.day(payload["date"])
        values = {
            "move_type": "in_refund",
            "reversed_entry_id": bill.id,
            "journal_id": bill.journal_id.id,
            "partner_id": bill.partner_id.id,
            "currency_id": bill.currency_id.id,
            "fiscal_position_id": bill.fiscal_position_id.id,
            "invoice_origin": bill.invoice_origin,
            "ref": payload["number"],
            "payment_reference": payload["number"],
            "invoice_date": day,
            # a term would set another date
            "invoice_payment_term_id": False,
            "invoice_date_due": day,
            "invoice_line_ids": [
                (0, 0, {**self._line_values(line, entry), "sequence": sequence})
                for sequence, (line, entry) in enumerate(
                    (
                        (line, entry)
                        for line, entries in meant.items()
                        for entry in entries
                    ),
                    10,
                )
            ],
        }
        if reason := payload.get("reason"):
            values["narration"] = plaintext2html(reason)
        return values

    def _line_values(self, line, entry):
        return {
            "product_id": line.product_id.id,
            "name": line.name,
            "product_uom_id": entry["unit"].id,
            "quantity": entry["quantity"],
            "price_unit": entry["line"]["unit_price"],
            "discount": 0,
            "account_id": line.account_id.id,
            "analytic_distribution": line.analytic_distribution,
            "tax_ids": [(6, 0, line.tax_ids.ids)],
            # Goods that stay billed and cost less are not to be billed again.
            "purchase_line_id": line.purchase_line_id.id
            if self._kind(entry) == GOODS
            else False,
        }

    def _check_amounts(self, bill, meant):
        """Refuse more than a line of the bill was for, all its credit notes together."""
        credited = self._credited(bill)
        for line in meant:
            # A lower price names no line of the order: it counts against each that it can
            # be about.
            total = sum(
                each.price_subtotal
                for each in credited
                if each.product_id == line.product_id
                and each.purchase_line_id.id in (line.purchase_line_id.id, False)
            )
            if line.currency_id.compare_amounts(total, line.price_subtotal) > 0:
                raise UserError(
                    _(
                        "%(item)s: bill %(bill)s has %(billed)s %(currency)s without "
                        "taxes, its credit notes would make %(total)s. Have the vendor "
                        "correct the credit note.",
                        item=line.product_id.display_name,
                        bill=bill.ref,
                        billed=line.price_subtotal,
                        currency=line.currency_id.name,
                        total=total,
                    )
                )
