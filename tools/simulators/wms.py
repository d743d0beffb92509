"""A warehouse system (WMS) that hears of expected goods and reports what is there.

    python tools/simulators/wms.py --port 8771 --state DIR [--secret whsec_...]

It takes every signed event at ``/events`` and remembers what purchase orders are to bring.
It keeps a stock of its own. Further commands, besides those of ``reporter.py``:

    POST /receive   {"order", "location", "note"}: what is expected comes in
    POST /transfer  {"from", "to", "item", "quantity", "unit", "lot"}
    POST /adjust    {"location", "item", "quantity", "unit", "lot", "reason"}
    POST /count     {"location"}: report what is there, as counted
    POST /snapshot  {"locations"}: report the whole stock
    POST /find      {"location", "item", "quantity", "unit", "lot"}: this much is there
                    from now on, and nobody is told
"""

import uuid
from collections import defaultdict

from receiver import run, utc_now
from reporter import Party, item_code, line


class Warehouse(Party):
    """Keeps a stock by location, item, lot and unit."""

    name = "wms"

    def __init__(self, state_dir, secret):
        super().__init__(state_dir, secret)
        self.expected = {}
        self.stock = defaultdict(float)
        self.commands |= {
            "/receive": self.receive,
            "/transfer": self.transfer,
            "/adjust": self.adjust,
            "/count": self.count,
            "/snapshot": self.snapshot,
            "/find": self.find,
        }

    def reports_on(self, event_type, data, event_id):
        """Remember what is to come; a warehouse reports when it is there."""
        if event_type == "mfg.purchase.ordered.v1":
            self.expected.pop(data["order"], None)
            if data["status"] == "ordered":
                self.expected[data["order"]] = data["lines"]
        return []

    def status(self):
        """Return counters of this process as a JSON-ready dict."""
        return {
            **super().status(),
            "expected": sorted(self.expected),
            "stock": self._lines(),
        }

    def receive(self, command):
        """Take in what an order is to bring, tracked items under lots of their own."""
        order, lines = command["order"], []
        for number, each in enumerate(self.expected.pop(order), start=1):
            product, quantity = each["product"], each["quantity"]
            tracked = product["tracking"] != "none"
            lot = f"W-{order}-{number}" if tracked else None
            goods = line(item_code(product), quantity, lot)
            lines.append(goods)
            self._move(command["location"], goods, quantity["value"])
        return self._tell(
            "goods.receipt",
            {
                "order": order,
                "delivery_note": command.get("note"),
                "lines": lines,
                "received_at": utc_now(),
                "final": True,
            },
        )

    def transfer(self, command):
        """Bring goods from one location to another."""
        goods = _goods(command)
        self._move(command["from"], goods, -command["quantity"])
        self._move(command["to"], goods, command["quantity"])
        return self._tell(
            "stock.transfer",
            {"from": command["from"], "to": command["to"], "lines": [goods]},
        )

    def adjust(self, command):
        """Correct the stock by a quantity."""
        goods = _goods(command)
        self._move(command["location"], goods, command["quantity"])
        return self._tell(
            "stock.adjustment",
            {
                "lines": [{"location": command["location"], **goods}],
                "reason": command["reason"],
            },
        )

    def count(self, command):
        """Report what a location holds."""
        lines = self._lines([command["location"]])
        return self._tell("stock.count", {"lines": lines, "counted_at": utc_now()})

    def snapshot(self, command):
        """Report the stock of locations as a whole."""
        return self._tell(
            "stock.snapshot",
            {
                "taken_at": utc_now(),
                "locations": command["locations"],
                "lines": self._lines(command["locations"]),
            },
        )

    def find(self, command):
        """Have so much of an item in a location."""
        goods = _goods(command)
        self.stock[_key(command["location"], goods)] = command["quantity"]
        return {"stock": self._lines()}

    def _tell(self, interface, payload):
        key = str(uuid.uuid4())
        self.reporter.report([(interface, payload, key)])
        return {"key": key, "payload": payload}

    def _move(self, location, goods, quantity):
        self.stock[_key(location, goods)] += quantity

    def _lines(self, locations=None):
        return [
            {
                "location": location,
                **line(item, {"value": quantity, "unit": unit}, lot),
            }
            for (location, item, unit, lot), quantity in sorted(
                self.stock.items(), key=lambda entry: str(entry[0])
            )
            if locations is None or location in locations
        ]


def _goods(command):
    quantity = {"value": command["quantity"], "unit": command["unit"]}
    return line(command["item"], quantity, command.get("lot"))


def _key(location, goods):
    return location, goods["item"], goods["quantity"]["unit"], goods.get("lot")


if __name__ == "__main__":
    run(Warehouse, __doc__, 8771)
