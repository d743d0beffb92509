"""``production.released``: what a confirmed manufacturing order asks the floor to do."""

from .production_completed import MINUTE_STEP, bill_of_materials, plant
from .vocabulary import lots, number, product, quantity


def build(production):
    """Return the payload of contract version 1.

    :param production: one confirmed ``mrp.production``; the caller sees to access rights
        and language
    :return: JSON-ready dict, moments as naive UTC ``datetime``
    """
    return {
        "order": production.name,
        "order_group": production.procurement_group_id.name or production.name,
        "source_document": production.origin or None,
        "plant": plant(production),
        "product": product(production.product_id),
        "quantity": quantity(production.product_qty, production.product_uom_id),
        "lot": production.lot_producing_id.name or None,
        "planned_start": production.date_start,
        "planned_end": production.date_finished or None,
        "deadline": production.date_deadline or None,
        "bill_of_materials": bill_of_materials(production.bom_id),
        "operations": [_operation(workorder) for workorder in production.workorder_ids],
        "components": [
            {
                **_planned(move),
                "lots": lots(move.move_line_ids),
                "operation": move.operation_id.name or None,
            }
            for move in production.move_raw_ids
            if move.state != "cancel"
        ],
        "by_products": [
            _planned(move)
            for move in production.move_finished_ids
            if move.product_id != production.product_id and move.state != "cancel"
        ],
    }


def _operation(workorder):
    return {
        "name": workorder.name,
        "work_center": {
            "code": workorder.workcenter_id.code or None,
            "name": workorder.workcenter_id.name,
        },
        "expected_minutes": number(workorder.duration_expected, MINUTE_STEP),
    }


def _planned(move):
    return {
        "product": product(move.product_id),
        "quantity": quantity(move.product_uom_qty, move.product_uom),
    }
