"""``invoice.posted`` and ``bill.posted``: an invoice or credit note as it is in the books."""

from .vocabulary import number, party, product, quantity, select

#: smallest step of a price per unit
PRICE_STEP = 1e-6
CREDIT_NOTES = ("out_refund", "in_refund")


def build(move):
    """Return the payload of contract version 1 of either message.

    Amounts of credit notes are above zero, too: the kind says which way they go.

    :param move: one ``account.move`` that was posted, of a customer or vendor; the caller
        sees to access rights and language
    :return: JSON-ready dict, days as ``date``
    """
    currency = move.currency_id
    lines = select(move.invoice_line_ids, lambda line: line.display_type == "product")
    untaxed = sum(lines.mapped("price_subtotal"))
    return {
        "number": move.name,
        "kind": "credit_note" if move.move_type in CREDIT_NOTES else "invoice",
        "status": "cancelled" if move.state == "cancel" else "posted",
        "company": move.company_id.name,
        "partner": party(move.partner_id),
        "reference": move.ref or None,
        "payment_reference": move.payment_reference or None,
        "reverses": move.reversed_entry_id.name or None,
        "date": move.invoice_date,
        "accounting_date": move.date,
        "due": move.invoice_date_due or None,
        "currency": currency.name,
        "lines": [_line(line, currency) for line in lines],
        "control": {
            "lines": len(lines),
            "untaxed": number(untaxed, currency.rounding),
            "rounding": number(move.amount_untaxed - untaxed, currency.rounding),
            "tax": number(move.amount_tax, currency.rounding),
            "total": number(move.amount_total, currency.rounding),
        },
    }


def _line(line, currency):
    orders = line.purchase_line_id.order_id or line.sale_line_ids.order_id
    return {
        "line": line.id,
        "product": product(line.product_id) if line.product_id else None,
        "description": line.name or None,
        "orders": orders.mapped("name"),
        "account": line.account_id.code or None,
        # what has no unit is counted in pieces
        "quantity": quantity(
            line.quantity,
            line.product_uom_id or line.env.ref("uom.product_uom_unit"),
        ),
        "unit_price": number(line.price_unit, PRICE_STEP),
        "discount_percent": number(line.discount, PRICE_STEP),
        "taxes": line.tax_ids.mapped("name"),
        "amount_untaxed": number(line.price_subtotal, currency.rounding),
        "amount_tax": number(line.price_total - line.price_subtotal, currency.rounding),
    }
