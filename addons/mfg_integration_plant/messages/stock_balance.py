"""What a warehouse holds of items, as ``stock.changed`` and ``stock.available`` tell it.

The figures are Odoo's own, so whatever keeps goods from being promised, such as a hold, is
left out of what is free here, too.
"""

from .vocabulary import product, quantity

#: name in the messages → name in Odoo
NOW = {"on_hand": "qty_available", "free": "free_qty"}
PLANNED = {
    "incoming": "incoming_qty",
    "outgoing": "outgoing_qty",
    "available_to_promise": "virtual_available",
}


def seen_from(warehouse, products):
    """Return products whose figures are those of one warehouse and of nobody's context."""
    return products.with_company(warehouse.company_id).with_context(
        warehouse=warehouse.id
    )


def balances(warehouse, products, planned=False):
    """Return [{"product", "on_hand", "reserved", "free", …}, …], one per product in their
    order; the same few statements for any number of products.

    :param warehouse: one ``stock.warehouse``; the caller sees to access rights
    :param products: ``product.product`` records that are stored
    :param bool planned: whether what is planned and may be promised is told, too
    """
    products = seen_from(warehouse, products)
    figures = products._compute_quantities_dict(None, None, None)
    reserved = _reserved(products)
    names = {**NOW, **PLANNED} if planned else NOW
    return [
        {
            "product": product(item),
            "reserved": quantity(reserved.get(item.id, 0.0), item.uom_id),
            **{
                name: quantity(figures[item.id][field], item.uom_id)
                for name, field in names.items()
            },
        }
        for item in products
    ]


def _reserved(products):
    domain, _moves_in, _moves_out = products._get_domain_locations()
    groups = products.env["stock.quant"]._read_group(
        [("product_id", "in", products.ids), *domain],
        ["product_id"],
        ["reserved_quantity:sum"],
    )
    return {item.id: total for item, total in groups}
