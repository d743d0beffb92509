"""A quality system with its laboratory (QMS, LIMS): it asks for holds and inspects.

    python tools/simulators/qms.py --port 8776 --state DIR [--secret whsec_...]

It takes every signed event at ``/events``. ``GET /status`` also tells how far every hold
is that it has heard of. Further commands, besides those of ``reporter.py``:

    POST /nonconformity  {"number", "item", "lot", "reason"}: asks that the lot be held
    POST /finds          {"lot", "verdict", "findings": [[characteristic, value], …]}: what
                         its laboratory will find once the lot is on hold
"""

from receiver import run
from reporter import Party, item_code


class QualitySystem(Party):
    """Asks for holds, and reports on held lots what its laboratory finds."""

    name = "qms"

    def __init__(self, state_dir, secret):
        super().__init__(state_dir, secret)
        self.holds = {}
        self._found = {}
        self.commands |= {"/nonconformity": self.nonconformity, "/finds": self.finds}

    def nonconformity(self, command):
        """Ask for a hold."""
        number = command["number"]
        payload = {name: command[name] for name in ("item", "lot", "reason")}
        payload["reference"] = number
        self.reporter.report([("quality.hold.requested", payload, f"ncr/{number}")])
        return {"asked": number}

    def finds(self, command):
        """Remember what will be found of a lot."""
        self._found[command["lot"]] = command
        return command

    def reports_on(self, event_type, data, event_id):
        """Note how far a hold is; inspect its lots when it is new."""
        if event_type != "mfg.quality.hold.changed.v1":
            return []
        is_new = data["hold"] not in self.holds
        self.holds[data["hold"]] = data["state"]
        return [
            self._result(data["hold"], line, self._found[line["lot"]])
            for line in data["lines"]
            if is_new and line["lot"] in self._found
        ]

    def _result(self, hold, line, found):
        payload = {
            "item": item_code(line["product"]),
            "lot": line["lot"],
            "verdict": found["verdict"],
            "reference": f"{hold}/{line['lot']}",
            "results": [
                {"characteristic": name, "value": value}
                for name, value in found["findings"]
            ],
        }
        return "quality.result.reported", payload, f"result/{hold}/{line['lot']}"

    def status(self):
        """Return counters of this process as a JSON-ready dict."""
        return {**super().status(), "holds": self.holds}


if __name__ == "__main__":
    run(QualitySystem, __doc__, 8776)
