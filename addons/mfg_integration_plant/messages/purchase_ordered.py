"""``purchase.ordered``: a purchase order as it is now, or that it is cancelled."""

from .vocabulary import number, party, product, quantity, warehouse

#: smallest step of a price per unit
PRICE_STEP = 1e-6


def build(order):
    """Return the payload of contract version 1.

    :param order: one ``purchase.order`` that was confirmed; the caller sees to access
        rights and language
    :return: JSON-ready dict, moments as naive UTC ``datetime``
    """
    return {
        "order": order.name,
        "status": "cancelled" if order.state == "cancel" else "ordered",
        "vendor": party(order.partner_id),
        "vendor_reference": order.partner_ref or None,
        "buyer": order.user_id.name or None,
        "ordered_at": order.date_approve or None,
        "currency": order.currency_id.name,
        "amount_untaxed": number(order.amount_untaxed, order.currency_id.rounding),
        "ship_to": warehouse(order.picking_type_id.warehouse_id, order.company_id),
        "lines": [_line(line) for line in order.order_line if not line.display_type],
    }


def _line(line):
    return {
        "line": line.id,
        "product": product(line.product_id),
        "vendor_item": _vendor_item(line),
        "description": line.name,
        "quantity": quantity(line.product_qty, line.product_uom),
        "unit_price": number(line.price_unit_discounted, PRICE_STEP),
        "expected_at": line.date_planned or None,
    }


def _vendor_item(line):
    """Return what the vendor calls the item, or None."""
    vendors = line.partner_id | line.partner_id.commercial_partner_id
    for seller in line.product_id.seller_ids:
        if (
            seller.partner_id in vendors
            and seller.product_id in (line.product_id, seller.product_id.browse())
            and (seller.product_code or seller.product_name)
        ):
            return {
                "code": seller.product_code or None,
                "name": seller.product_name or None,
            }
    return None
