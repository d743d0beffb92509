"""``stock.available``: all that a warehouse holds and expects, in pages."""

from odoo.tools import split_every

from .stock_balance import balances, seen_from
from .vocabulary import warehouse as place

#: items of one message
PAGE = 500
#: states of moves that are planned
PLANNED = ("waiting", "confirmed", "assigned", "partially_available")


def pages(warehouse):
    """Yield the payloads of contract version 1, at least one.

    :param warehouse: one ``stock.warehouse``; the caller sees to access rights and language
    """
    items = _items(warehouse)
    taken_at = warehouse.env.cr.now()
    parts = list(split_every(PAGE, items.ids)) or [()]
    for number, ids in enumerate(parts, 1):
        yield {
            "warehouse": place(warehouse, warehouse.company_id),
            "taken_at": taken_at,
            "page": number,
            "pages": len(parts),
            "items": len(items),
            "lines": balances(warehouse, items.browse(ids), planned=True),
        }


def _items(warehouse):
    """Return the products that lie in the warehouse or are planned to come or go."""
    env = warehouse.env
    here, moves_in, moves_out = seen_from(
        warehouse, env["product.product"]
    )._get_domain_locations()
    planned = [("state", "in", PLANNED)]
    found = set()
    for model, domain in (
        ("stock.quant", here),
        ("stock.move", [*planned, *moves_in]),
        ("stock.move", [*planned, *moves_out]),
    ):
        found.update(
            item.id for (item,) in env[model]._read_group(domain, ["product_id"])
        )
    return (
        env["product.product"]
        .with_context(active_test=False)
        .search([("id", "in", list(found)), ("type", "=", "product")], order="id")
    )
