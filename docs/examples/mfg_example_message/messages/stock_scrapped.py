"""``stock.scrapped``: what was scrapped, where and of which lot."""

from odoo.addons.mfg_integration_plant.messages.vocabulary import (
    product,
    quantity,
    warehouse,
)


def build(scrap):
    """Return the payload of contract version 1.

    :param scrap: one ``stock.scrap`` in state done; the caller sees to access rights and
        language
    :return: JSON-ready dict, moments as naive UTC ``datetime``
    """
    return {
        "scrap": scrap.name,
        "source_document": scrap.origin or None,
        "product": product(scrap.product_id),
        "lot": scrap.lot_id.name or None,
        "quantity": quantity(scrap.scrap_qty, scrap.product_uom_id),
        "warehouse": warehouse(scrap.location_id.warehouse_id, scrap.company_id),
        "location": scrap.location_id.complete_name,
        "scrapped_at": scrap.date_done,
    }
