"""``item.published``: an item as it is now in Odoo."""

from .vocabulary import number

#: smallest step of a weight that is told, in kilograms
WEIGHT_STEP = 1e-6


def build(item):
    """Return the payload of contract version 1.

    :param item: one ``product.product``; the caller sees to access rights and language
    :return: JSON-ready dict
    """
    return {
        "code": item.default_code or None,
        "name": item.name,
        "unit": item.uom_id.name,
        "barcode": item.barcode or None,
        "tracking": item.tracking,
        "kind": item.detailed_type,
        "weight_kg": number(item._mfg_kilograms(item.weight), WEIGHT_STEP),
        "sold": item.sale_ok,
        "purchased": item.purchase_ok,
        "active": item.active,
    }
