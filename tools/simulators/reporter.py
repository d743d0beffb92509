"""What simulators share that report to Odoo over HTTP: manners, a queue, commands.

POST /connect  {"url": "http://…", "key": "…", "secret": "whsec_…"}: where to report,
               with which API key, and (if it changed) how what is heard is signed
POST /manners  how to misbehave, see :class:`Manners`
POST /report   {"interface", "payload", "key"}: report this, with the present manners
GET  /status   also how many reports wait, and what was sent with the answer it got
"""

import http.client
import json
import threading
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from receiver import Answer, Receiver

#: seconds between attempts, the last one again and again
PAUSES = (0.1, 0.2, 0.5, 1.0)
TIMEOUT = 30


@dataclass(frozen=True)
class Manners:
    """How reports are sent; the body of ``POST /manners``.

    ``twice``: each report again with the same key. ``swapped``: those of one document in
    the wrong order. ``malformed``: something unreadable before each report. ``late``: each
    report so many seconds later. ``offline``: nothing is sent until this is over;
    everything is kept in order.
    """

    twice: bool = False
    swapped: bool = False
    malformed: bool = False
    late: float = 0.0
    offline: bool = False


@dataclass(frozen=True)
class Report:
    """One message on its way; ``due`` by the monotonic clock."""

    interface: str
    body: bytes
    key: str
    due: float


class Reporter:
    """Sends reports one after the other and keeps each until Odoo has taken it.

    :param swapped: function that puts the reports of one document into a wrong order
    """

    def __init__(self, swapped):
        self.manners = Manners()
        self.sent = []
        self._swapped = swapped
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
        """Put reports of one document down to be sent.

        :param reports: list of (interface, payload, key)
        """
        with self._changed:
            due = time.monotonic() + self.manners.late
            if self.manners.swapped:
                reports = self._swapped(reports)
            for interface, payload, key in reports:
                if self.manners.malformed:
                    self._waiting.append(
                        Report(interface, b'{"order": "unfinis', f"{key}-bad", due)
                    )
                report = Report(interface, json.dumps(payload).encode(), key, due)
                self._waiting += [report] * (1 + self.manners.twice)
            self._changed.notify()

    def status(self):
        """Return the counters as a JSON-ready dict."""
        with self._changed:
            return {"waiting": len(self._waiting), "sent": list(self.sent)}

    def _run(self):
        failures = 0
        while True:
            with self._changed:
                report, target = self._next()
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
                        "interface": report.interface,
                        "key": report.key,
                        "status": status,
                        "answer": answer,
                    }
                )

    def _next(self):
        """Wait until the first report may be sent; return it and where it goes."""
        while True:
            pause = None
            if self._waiting and self._target and not self.manners.offline:
                pause = self._waiting[0].due - time.monotonic()
                if pause <= 0:
                    return self._waiting[0], self._target
            self._changed.wait(pause)

    def _send(self, target, report):
        url, key = target
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=TIMEOUT)
        try:
            connection.request(
                "POST",
                f"/mfg_integration/v1/in/{report.interface}",
                report.body,
                {
                    "Authorization": f"Bearer {key}",
                    "Content-Type": "application/json",
                    "Idempotency-Key": report.key,
                },
            )
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            return None, None
        finally:
            connection.close()


class Party(Receiver):
    """A system that hears of events at ``/events`` and reports to Odoo.

    Subclasses say in :meth:`reports_on` what an event makes them report.
    """

    def __init__(self, state_dir, secret):
        super().__init__(state_dir, secret)
        self.reporter = Reporter(self.swapped)
        self.characters = {"/events": self.hear}
        self.commands |= {
            "/connect": self._connect,
            "/manners": self.reporter.behave,
            "/report": self._report,
        }

    def hear(self, event, earlier):
        """Take the event, and act on it once."""
        if not earlier:
            self.reporter.report(
                self.reports_on(event["type"], event["data"], event["id"])
            )
        return Answer(200)

    def reports_on(self, event_type, data, event_id):
        """Return what an event makes this system report: (interface, payload, key)."""
        return []

    def swapped(self, reports):
        """Return the reports of one document in a wrong order."""
        return reports[::-1]

    def status(self):
        """Return counters of this process as a JSON-ready dict."""
        return {**super().status(), **self.reporter.status()}

    def _connect(self, command):
        self.secret = command.get("secret") or self.secret
        return self.reporter.connect(command)

    def _report(self, command):
        self.reporter.report(
            [(command["interface"], command["payload"], command["key"])]
        )
        return {"reported": command["key"]}


def line(item, quantity, lot=None):
    """Return a line of goods as the messages have it, without a lot that is empty."""
    goods = {"item": item, "quantity": quantity}
    return {**goods, "lot": lot} if lot else goods


def item_code(product):
    """Return what messages call a product that an event tells of."""
    return product["code"] or product["barcode"]
