"""``quality.hold.changed``: what a quality hold keeps, and how far it is."""

from odoo.addons.mfg_integration_plant.messages.vocabulary import product, quantity


def build(hold):
    """Return the payload of contract version 1.

    What is suspected, in words, stays here: it may be confidential.

    :param hold: one ``mfg.quality.hold``; the caller sees to access rights and language
    :return: JSON-ready dict, moments as naive UTC ``datetime``
    """
    return {
        "hold": hold.name,
        "state": hold.state,
        "severity": hold.severity,
        "reason": {"code": hold.reason_id.code, "name": hold.reason_id.name},
        "source_document": hold.origin_ref or None,
        "placed_at": hold.placed_on,
        "closed_at": hold.closed_on or None,
        "lines": [_line(line) for line in hold.line_ids],
    }


def _line(line):
    document = line.picking_id or line.production_id or line.workorder_id
    item = line.product_id
    return {
        "kind": line.kind,
        "active": line.state == "active",
        "product": product(item) if item else None,
        "lot": line.lot_id.name or None,
        "location": line.location_id.complete_name or None,
        "package": line.package_id.name or None,
        "document": document.display_name or None,
        "held": quantity(line.qty_held, line.uom_id) if item else None,
        "open": quantity(line.qty_open, line.uom_id) if item else None,
    }
