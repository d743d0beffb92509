"""``shipment.confirmed``: what left the plant with a delivery, as posted in stock."""

from .vocabulary import moved, party, posted, warehouse


def build(picking):
    """Return the payload of contract version 1.

    :param picking: one outgoing ``stock.picking`` in state done; the caller sees to access
        rights and language
    :return: JSON-ready dict, moments as naive UTC ``datetime``
    """
    order = picking.sale_id
    return {
        "shipment": picking.name,
        "order": order.name or None,
        "customer_reference": order.client_order_ref or None,
        "source_document": picking.origin or None,
        "customer": party(picking.partner_id) if picking.partner_id else None,
        "warehouse": warehouse(
            picking.picking_type_id.warehouse_id, picking.company_id
        ),
        "shipped_at": picking.date_done,
        "backorder": any(
            backorder.state not in ("done", "cancel")
            for backorder in picking.backorder_ids
        ),
        "lines": [moved(move) for move in posted(picking.move_ids)],
    }
