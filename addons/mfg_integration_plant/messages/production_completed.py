"""``production.completed``: what a finished manufacturing order made, from what, where.

Everything is read from posted stock moves and closed work orders, never from what was
planned: a backorder, an edited component or a second lot is told as it happened.
"""

from .vocabulary import lots, moved, number, posted, product, quantity, select

MINUTE_STEP = 0.01


def build(production):
    """Return the payload of contract version 1.

    :param production: one ``mrp.production`` in state done; the caller sees to access
        rights and language
    :return: JSON-ready dict, moments as naive UTC ``datetime``
    """
    finished = done_moves(production)
    unit = production.product_uom_id
    return {
        "order": production.name,
        "order_group": production.procurement_group_id.name or production.name,
        "source_document": production.origin or None,
        "plant": plant(production),
        "product": product(production.product_id),
        "quantity": quantity(produced_quantity(production), unit),
        "planned_quantity": quantity(production.product_qty, unit),
        "lots": lots(finished.move_line_ids),
        "started_at": min(production.date_start, production.date_finished),
        "finished_at": production.date_finished,
        "bill_of_materials": bill_of_materials(production.bom_id),
        "operations": [_operation(workorder) for workorder in production.workorder_ids],
        "components": [
            {**moved(move), "operation": move.operation_id.name or None}
            for move in posted(production.move_raw_ids)
        ],
        "by_products": [
            moved(move)
            for move in posted(production.move_finished_ids)
            if move.product_id != production.product_id
        ],
        "scrapped": [
            _scrapped(scrap) for scrap in production.scrap_ids if scrap.state == "done"
        ],
    }


def done_moves(production):
    """Return the posted moves of the product the order is for."""
    return select(
        posted(production.move_finished_ids),
        lambda move: move.product_id == production.product_id,
    )


def produced_quantity(production):
    """Return the posted quantity in the unit of the order (0.0 if nothing was made)."""
    return sum(
        move.product_uom._compute_quantity(
            move.quantity, production.product_uom_id, round=False
        )
        for move in done_moves(production)
    )


def plant(production):
    """Return which plant an order belongs to, and where it takes and puts goods."""
    warehouse = production.picking_type_id.warehouse_id
    return {
        "code": warehouse.code,
        "name": warehouse.name,
        "company": production.company_id.name,
        "components_location": production.location_src_id.complete_name,
        "finished_location": production.location_dest_id.complete_name,
    }


def bill_of_materials(bom):
    """Return what identifies an ``mrp.bom``, or None."""
    if not bom:
        return None
    return {
        "reference": bom.code or None,
        "quantity": quantity(bom.product_qty, bom.product_uom_id),
    }


def _operation(workorder):
    return {
        "name": workorder.name,
        "work_center": {
            "code": workorder.workcenter_id.code or None,
            "name": workorder.workcenter_id.name,
        },
        "state": workorder.state,
        "duration_minutes": number(workorder.duration, MINUTE_STEP),
        "expected_minutes": number(workorder.duration_expected, MINUTE_STEP),
        "started_at": workorder.date_start or None,
        "finished_at": workorder.date_finished or None,
    }


def _scrapped(scrap):
    return {
        "product": product(scrap.product_id),
        "quantity": quantity(scrap.scrap_qty, scrap.product_uom_id),
        "lot": scrap.lot_id.name or None,
        "scrapped_at": scrap.date_done,
    }
