"""A shop floor (MES) or warehouse (WMS) that hears of orders and reports to Odoo.

    python tools/simulators/floor.py --port 8770 --state DIR [--secret whsec_...]

It takes every signed event at ``/events``. For a released manufacturing order it reports
what a floor would: material with its lots, start and completion of every operation,
finished goods.

    POST /connect  {"url": "http://…", "key": "…"}: where to report, with which API key
    POST /manners  how to misbehave, see :class:`Manners`
    POST /report   {"interface", "payload", "key"}: report this, with the present manners
    GET  /status   also how many reports wait and were sent
"""

import http.client
import json
import threading
from dataclasses import dataclass
from urllib.parse import urlsplit

from receiver import Answer, Receiver, parse_arguments, serve, utc_now

#: seconds between attempts, the last one again and again
PAUSES = (0.1, 0.2, 0.5, 1.0)
TIMEOUT = 30


@dataclass(frozen=True)
class Manners:
    """How reports are sent; the body of ``POST /manners``.

    ``twice``: each report again with the same key. ``swapped``: the completion of an
    operation before its start. ``malformed``: something unreadable before each report.
    ``offline``: nothing is sent until this is over; everything is kept in order.
    """

    twice: bool = False
    swapped: bool = False
    malformed: bool = False
    offline: bool = False


class Reporter:
    """Sends reports one after the other and keeps each until Odoo has taken it."""

    def __init__(self):
        self.manners = Manners()
        self.sent = []
        self._target = None
        self._waiting = []
        self._changed = threading.Condition()
        threading.Thread(target=self._run, daemon=True).start()

    def connect(self, command):
        """Report to this address from now on."""
        with self._changed:
            self._target = (urlsplit(command["url"]), command["key"])
            self._changed.notify()
        return {"connected": command["url"]}

    def behave(self, command):
        """Take on other manners."""
        with self._changed:
            self.manners = Manners(**command)
            self._changed.notify()
        return command

    def report(self, reports):
        """Put reports of one order down to be sent.

        :param reports: list of (interface, payload, key)
        """
        with self._changed:
            if self.manners.swapped:
                reports = swapped(reports)
            for interface, payload, key in reports:
                if self.manners.malformed:
                    self._waiting.append(
                        (interface, b'{"order": "unfinis', f"{key}-bad")
                    )
                body = json.dumps(payload).encode()
                self._waiting += [(interface, body, key)] * (1 + self.manners.twice)
            self._changed.notify()

    def status(self):
        """Return the counters as a JSON-ready dict."""
        with self._changed:
            return {"waiting": len(self._waiting), "sent": list(self.sent)}

    def _run(self):
        failures = 0
        while True:
            with self._changed:
                self._changed.wait_for(
                    lambda: self._waiting and self._target and not self.manners.offline
                )
                report, target = self._waiting[0], self._target
            status, answer = self._send(target, report)
            with self._changed:
                if status is None or status == 429 or status >= 500:
                    self._changed.wait(PAUSES[min(failures, len(PAUSES) - 1)])
                    failures += 1
                    continue
                failures = 0
                self._waiting.pop(0)
                self.sent.append(
                    {
                        "interface": report[0],
                        "key": report[2],
                        "status": status,
                        "answer": answer,
                    }
                )

    def _send(self, target, report):
        url, key = target
        interface, body, idempotency_key = report
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=TIMEOUT)
        try:
            connection.request(
                "POST",
                f"/mfg_integration/v1/in/{interface}",
                body,
                {
                    "Authorization": f"Bearer {key}",
                    "Content-Type": "application/json",
                    "Idempotency-Key": idempotency_key,
                },
            )
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            return None, None
        finally:
            connection.close()


class Floor(Receiver):
    """Hears of released orders and reports on them."""

    name = "floor"

    def __init__(self, state_dir, secret):
        super().__init__(state_dir, secret)
        self.reporter = Reporter()
        self.characters = {"/events": self.hear}
        self.commands |= {
            "/connect": self.reporter.connect,
            "/manners": self.reporter.behave,
            "/report": self._report,
        }

    def hear(self, event, earlier):
        """Take the event, and work on a released order once."""
        if event["type"] == "mfg.production.released.v1" and not earlier:
            self.reporter.report(reports_on(event["data"]))
        return Answer(200)

    def status(self):
        """Return counters of this process as a JSON-ready dict."""
        return {**super().status(), **self.reporter.status()}

    def _report(self, command):
        self.reporter.report(
            [(command["interface"], command["payload"], command["key"])]
        )
        return {"reported": command["key"]}


def reports_on(order):
    """Return what the floor reports on a released order: (interface, payload, key)."""
    number, now = order["order_group"], utc_now()
    material = [
        {
            "item": component["product"]["code"] or component["product"]["barcode"],
            "quantity": lot["quantity"],
            "lot": lot["name"],
        }
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


def main():
    """Run the simulator as a process."""
    options = parse_arguments(__doc__.splitlines()[0], 8770, "")
    serve(Floor(options.state, options.secret), options.host, options.port)


if __name__ == "__main__":
    main()
