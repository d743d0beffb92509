"""``stock.changed``: what a warehouse holds of an item after goods of it were moved."""

from collections import defaultdict

from .stock_balance import balances
from .vocabulary import warehouse as place


def collect(moves, is_heard):
    """Yield (item, company, payload of contract version 1, ordering key): one message per
    item and warehouse, however many moves there were.

    :param moves: ``stock.move`` records that are done; the caller sees to access rights
        and language
    :param is_heard: company → whether somebody listens there
    """
    touched = defaultdict(set)
    for move in moves:
        if move.product_id.type == "product":
            for location in (move.location_id, move.location_dest_id):
                touched[location.warehouse_id.id].add(move.product_id.id)
    touched.pop(False, None)
    for warehouse in moves.env["stock.warehouse"].browse(sorted(touched)):
        company = warehouse.company_id
        if not is_heard(company):
            continue
        products = moves.env["product.product"].browse(sorted(touched[warehouse.id]))
        told = place(warehouse, company)
        for item, balance in zip(products, balances(warehouse, products), strict=True):
            payload = {"warehouse": told, **balance}
            yield item, company, payload, f"stock,{warehouse.id},{item.id}"
