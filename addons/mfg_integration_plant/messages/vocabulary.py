"""Words every canonical message is made of.

Quantities are JSON numbers, not strings: every consumer can compute with them, and a
number rounded to its unit has far fewer than the 15 digits a double keeps exactly.
They always travel with their unit. Names come in the language of the database's source
terms, whoever triggers the message; moments are UTC.
"""

from collections import defaultdict

from odoo.tools import float_is_zero, float_round


def number(value, rounding):
    """Return ``value`` rounded to ``rounding``, as int when it is whole.

    :param float value: any quantity
    :param float rounding: smallest step, e.g. 0.001
    """
    rounded = float_round(value, precision_rounding=rounding)
    return int(rounded) if rounded == int(rounded) else rounded


def quantity(value, unit):
    """Return ``{"value": number, "unit": name}`` of a quantity in ``uom.uom`` unit."""
    return {"value": number(value, unit.rounding), "unit": unit.name}


def select(records, condition):
    """Return ``records.filtered(condition)`` that still reads together with the rest.

    ``filtered`` forgets which records are being worked on at the same time: what is read
    from its result would cost one query per document instead of one for all.
    """
    return records.filtered(condition).with_prefetch(records._prefetch_ids)


def product(record):
    """Return what identifies a ``product.product`` outside this database."""
    return {
        "code": record.default_code or None,
        "name": record.name,
        "barcode": record.barcode or None,
        "tracking": record.tracking,
    }


def lots(move_lines):
    """Return the lots of stock move lines with their quantities, one entry per lot.

    Lines of one move may be in different units, and serial numbers make fractions of a
    dozen, so lots are counted in the product's own unit.

    :param move_lines: ``stock.move.line`` records of one product
    :return: list of ``{"name", "quantity": {"value", "unit"}}``
    """
    totals = defaultdict(float)
    for line in move_lines:
        if line.lot_id:
            totals[line.lot_id] += line.product_uom_id._compute_quantity(
                line.quantity, line.product_id.uom_id, round=False
            )
    return [
        {"name": lot.name, "quantity": quantity(total, lot.product_id.uom_id)}
        for lot, total in totals.items()
    ]


def posted(moves):
    """Return the moves that are done and moved something."""
    return select(
        moves,
        lambda move: (
            move.state == "done"
            and not float_is_zero(
                move.quantity, precision_rounding=move.product_uom.rounding
            )
        ),
    )


def party(partner):
    """Return what identifies a vendor or customer outside this database."""
    return {"code": partner.ref or None, "name": partner.display_name}


def warehouse(record, company):
    """Return what identifies a ``stock.warehouse`` of a company."""
    return {
        "code": record.code or None,
        "name": record.name or None,
        "company": company.name,
    }


def moved(move):
    """Return product, quantity and lots of one done ``stock.move``."""
    return {
        "product": product(move.product_id),
        "quantity": quantity(move.quantity, move.product_uom),
        "lots": lots(move.move_line_ids),
    }
