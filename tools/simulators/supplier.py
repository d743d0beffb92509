"""A supplier portal that hears of purchase orders and answers them.

    python tools/simulators/supplier.py --port 8773 --state DIR [--secret whsec_...]

It takes every signed event at ``/events``. A purchase order is confirmed and announced as
shipped at once, and again when it changes; ``swapped`` manners send the ship notice before
the confirmation. Further commands, besides those of ``reporter.py``:

    POST /terms     how orders are answered from now on, see :class:`Terms`
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from receiver import run
from reporter import Party, item_code, line


@dataclass(frozen=True)
class Terms:
    """How orders are answered; the body of ``POST /terms``.

    ``status``: confirmed or rejected. ``days``: how much later than asked for.
    ``share``: which part of the quantity is confirmed and shipped. ``price``: by how much
    prices are multiplied. ``ships``: whether a ship notice follows.
    """

    status: str = "confirmed"
    days: int = 0
    share: float = 1.0
    price: float = 1.0
    ships: bool = True


class Supplier(Party):
    """Answers orders by its terms."""

    name = "supplier"

    def __init__(self, state_dir, secret):
        super().__init__(state_dir, secret)
        self.terms = Terms()
        self.confirmed = {}
        self.commands["/terms"] = self.agree

    def agree(self, command):
        """Take on other terms."""
        self.terms = Terms(**command)
        return command

    def reports_on(self, event_type, data, event_id):
        """Answer an order that stands."""
        if event_type != "mfg.purchase.ordered.v1" or data["status"] != "ordered":
            return []
        if self.confirmed.get(data["order"]) == _wishes(data["lines"]):
            # Odoo tells of the dates that it took over from us.
            return []
        answer = self._answer(data)
        self.confirmed[data["order"]] = _wishes(answer.get("lines", ()))
        reports = [("purchase.acknowledged", answer, f"{event_id}/answer")]
        if self.terms.ships and self.terms.status == "confirmed":
            notice = self._notice(data, answer)
            reports.append(("shipment.announced", notice, f"{event_id}/notice"))
        return reports

    def _answer(self, order):
        if self.terms.status == "rejected":
            return {"order": order["order"], "status": "rejected", "reason": "Sold out"}
        return {
            "order": order["order"],
            "status": "confirmed",
            "reference": f"AB-{order['order']}",
            "lines": [
                {
                    "line": each["line"],
                    **line(item_code(each["product"]), self._part(each["quantity"])),
                    "unit_price": each["unit_price"] * self.terms.price,
                    "expected_at": self._later(each["expected_at"]),
                }
                for each in order["lines"]
            ],
        }

    def _notice(self, order, answer):
        lots = [
            f"S-{order['order']}-{number}" if tracked else None
            for number, tracked in enumerate(
                (each["product"]["tracking"] != "none" for each in order["lines"]),
                start=1,
            )
        ]
        return {
            "order": order["order"],
            "shipment": f"LS-{order['order']}",
            "expected_at": answer["lines"][0]["expected_at"],
            "lines": [
                line(each["item"], each["quantity"], lot)
                for each, lot in zip(answer["lines"], lots, strict=True)
            ],
        }

    def _part(self, quantity):
        return {**quantity, "value": quantity["value"] * self.terms.share}

    def _later(self, moment):
        if not moment:
            return None
        expected = datetime.fromisoformat(moment.replace("Z", "+00:00"))
        later = expected + timedelta(days=self.terms.days)
        return later.isoformat().replace("+00:00", "Z")


def _wishes(lines):
    return {
        each["line"]: (each["quantity"]["value"], each["expected_at"]) for each in lines
    }


if __name__ == "__main__":
    run(Supplier, __doc__, 8773)
