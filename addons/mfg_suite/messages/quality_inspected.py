"""``quality.inspected``: what an inspection came to."""

from odoo.addons.mfg_integration_plant.messages.vocabulary import product, quantity


def build(inspection):
    """Return the payload of contract version 1.

    :param inspection: one decided ``mfg.quality.inspection``; the caller sees to access
        rights and language
    :return: JSON-ready dict, moments as naive UTC ``datetime``
    """
    document = inspection.picking_id or inspection.production_id
    return {
        "inspection": inspection.name,
        "verdict": inspection.verdict,
        "product": product(inspection.product_id),
        "lot": inspection.lot_id.name or None,
        "quantity": quantity(inspection.quantity, inspection.uom_id),
        "hold": inspection.hold_id.name or None,
        "plan": inspection.plan_id.name or None,
        "source_document": document.name or None,
        "decided_at": inspection.decided_on,
        "results": [_result(result) for result in inspection.result_ids],
    }


def _result(result):
    measured = result.kind == "measured"
    lower = measured and result.limits in ("both", "lower")
    upper = measured and result.limits in ("both", "upper")
    return {
        "characteristic": result.name,
        "unit_number": result.sample,
        "verdict": result.verdict,
        "value": result.value if measured else None,
        "lower_limit": result.lower_limit if lower else None,
        "upper_limit": result.upper_limit if upper else None,
        "measured_in": result.uom_id.name or None,
    }
