"""``bom.published``: a bill of materials as it is now in Odoo."""

from .vocabulary import number, product, quantity

#: smallest step of a duration, in minutes
MINUTE_STEP = 0.01


def build(bom):
    """Return the payload of contract version 1.

    :param bom: one ``mrp.bom``; the caller sees to access rights and language
    :return: JSON-ready dict
    """
    return {
        "code": bom.code,
        # A bill for all variants is about what they have in common.
        "product": product(bom.product_id or bom.product_tmpl_id),
        "quantity": quantity(bom.product_qty, bom.product_uom_id),
        "kind": bom.type,
        "active": bom.active,
        "lines": [
            {
                "product": product(line.product_id),
                "quantity": quantity(line.product_qty, line.product_uom_id),
            }
            for line in bom.bom_line_ids
        ],
        "operations": [
            {
                "name": operation.name,
                "work_center": operation.workcenter_id.code
                or operation.workcenter_id.name,
                "minutes": number(operation.time_cycle, MINUTE_STEP),
            }
            for operation in bom.operation_ids
        ],
    }
