"""A shop floor (MES) that hears of orders and reports to Odoo.

    python tools/simulators/floor.py --port 8770 --state DIR [--secret whsec_...]

It takes every signed event at ``/events``. For a released manufacturing order it reports
what a floor would: material with its lots, start and completion of every operation,
finished goods. Commands: see ``reporter.py``; ``swapped`` means the completion of an
operation before its start.
"""

from receiver import run, utc_now
from reporter import Party, item_code, line


class Floor(Party):
    """Hears of released orders and reports on them."""

    name = "floor"

    def reports_on(self, event_type, data, event_id):
        """Work on a released order."""
        return reports_on(data) if event_type == "mfg.production.released.v1" else []

    def swapped(self, reports):
        """Return the reports with each completion before its start."""
        return swapped(reports)


def reports_on(order):
    """Return what the floor reports on a released order: (interface, payload, key)."""
    number, now = order["order_group"], utc_now()
    material = [
        line(item_code(component["product"]), lot["quantity"], lot["name"])
        for component in order["components"]
        for lot in component["lots"]
    ]
    reports = []
    if material:
        payload = {"order": number, "components": material}
        reports.append(("production.consumption", payload, f"{number}/material"))
    for operation in order["operations"]:
        for action in ("start", "complete"):
            payload = {
                "order": number,
                "operation": operation["name"],
                "action": action,
                "at": now,
            }
            key = f"{number}/{operation['name']}/{action}".replace(" ", "_")
            reports.append(("production.operation", payload, key))
    lots = [{"name": f"F-{number}", "quantity": order["quantity"]}]
    payload = {
        "order": number,
        "quantity": order["quantity"],
        "lots": [] if order["product"]["tracking"] == "none" else lots,
        "finished_at": now,
    }
    reports.append(("production.confirmation", payload, f"{number}/goods"))
    return reports


def swapped(reports):
    """Return the reports with each completion before its start."""
    result = list(reports)
    for number, (_interface, payload, _key) in enumerate(reports):
        if payload.get("action") == "start":
            result[number : number + 2] = reports[number + 1], reports[number]
    return result


if __name__ == "__main__":
    run(Floor, __doc__, 8770)
