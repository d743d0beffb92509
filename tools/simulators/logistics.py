"""A logistics provider (3PL) with an order channel: it orders and hears of shipments.

    python tools/simulators/logistics.py --port 8772 --state DIR [--secret whsec_...]

It takes every signed event at ``/events``. ``GET /status`` also tells of each order what
was shipped. Further commands, besides those of ``reporter.py``:

    POST /order     {"number", "customer", "lines": [{"item", "quantity", "unit",
                    "unit_price"}]}: a customer ordered
"""

from receiver import run
from reporter import Party, item_code, line


class Logistics(Party):
    """Enters orders of customers and notes what is shipped for them."""

    name = "3pl"

    def __init__(self, state_dir, secret):
        super().__init__(state_dir, secret)
        self.orders = {}
        self.commands["/order"] = self.order

    def order(self, command):
        """Send an order of a customer."""
        lines = []
        for each in command["lines"]:
            quantity = {"value": each["quantity"], "unit": each["unit"]}
            price = each.get("unit_price")
            lines.append({**line(each["item"], quantity), "unit_price": price})
        number = command["number"]
        payload = {"number": number, "customer": command["customer"], "lines": lines}
        self.orders[number] = []
        self.reporter.report([("sales.ordered", payload, f"order/{number}")])
        return {"ordered": number}

    def reports_on(self, event_type, data, event_id):
        """Note what was shipped, by the number of the customer's order."""
        if event_type == "mfg.shipment.confirmed.v1":
            shipped = self.orders.setdefault(data["customer_reference"], [])
            for each in data["lines"]:
                shipped.append(
                    {
                        "shipment": data["shipment"],
                        "item": item_code(each["product"]),
                        "quantity": each["quantity"],
                        "lots": [lot["name"] for lot in each["lots"]],
                    }
                )
        return []

    def status(self):
        """Return counters of this process as a JSON-ready dict."""
        return {**super().status(), "orders": self.orders}


if __name__ == "__main__":
    run(Logistics, __doc__, 8772)
