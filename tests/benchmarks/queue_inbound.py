"""How many messages a second two Odoo workers take in: key, contract, idempotency.

Beside it, in turns, a bare route of Odoo that writes one row and checks nothing: what the
inbox could reach at best. The senders are a process of their own (this file as a script),
one connection per message, as systems that send now and then do.
"""

import json
import selectors
import socket
import subprocess
import sys
import time
from statistics import median

SENDERS = 8
PAYLOAD = 900  # with the rest of the message about 1 kB
INBOX = "/mfg_integration/v1/in/system.note"
BARE = "/mfg_test/bare"
#: first key of the advisory lock by which a worker tells that it lives
WORKER_LOCK = 0x4D464757


def inbound_rates(quick, lab):
    """Return the messages accepted per second by the inbox and by the bare route, each the
    median of several runs.

    No worker processes meanwhile: one on another machine is played by its lock, so that
    this machine's two cores serve senders and servers only.

    :param bool quick: fewer messages
    :param lab: tools/launcher/lab.py
    :return: (inbox, bare route)
    """
    from tests.support.inbound_site import InboundSite

    site = InboundSite(lab)
    rates = {INBOX: [], BARE: []}
    try:
        site.query(f"SELECT pg_advisory_lock({WORKER_LOCK}, 0)")
        # with a filter, Odoo asks PostgreSQL for the list of databases at every request
        # without a session
        site.start_server(workers=2, limit_time_real=600, dbfilter="")
        count = 800 if quick else 6000
        for path in rates:
            _send(lab, site, path, 400)
        for _turn in range(3 if quick else 5):  # interleaved: noise hits both
            for path, measured in rates.items():
                measured.append(_send(lab, site, path, count))
        return median(rates[INBOX]), median(rates[BARE])
    finally:
        site.close()


def _send(lab, site, path, count):
    answer = subprocess.run(
        [lab.python, __file__, str(site.port), site.key, path, str(count)],
        capture_output=True,
        text=True,
        check=True,
    )
    result = json.loads(answer.stdout)
    assert result["refused"] == 0, result
    return count / result["seconds"]


class _Senders:
    """Senders that each wait for their answer before they send again, in one thread: what
    they cost is not to be taken for the server's."""

    def __init__(self, port, key, path, count):
        self._address = ("127.0.0.1", port)
        self._head = (
            f"POST {path} HTTP/1.1\r\n"
            f"Host: 127.0.0.1:{port}\r\n"
            f"Authorization: Bearer {key}\r\n"
            "Content-Type: application/json\r\n"
        )
        self._count = count
        self._begun = 0
        self._selector = selectors.DefaultSelector()
        self.refused = 0

    def run(self):
        """Count what is not accepted."""
        for _number in range(SENDERS):
            self._begin()
        while self._selector.get_map():
            for entry, _events in self._selector.select():
                self._read(entry.fileobj, entry.data)

    def _begin(self):
        if self._begun == self._count:
            return
        self._begun += 1
        body = json.dumps({"text": f"{self._begun} " + "x" * PAYLOAD})
        connection = socket.create_connection(self._address)
        connection.sendall(
            f"{self._head}Idempotency-Key: {self._begun}-{time.monotonic_ns()}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        self._selector.register(connection, selectors.EVENT_READ, bytearray())

    def _read(self, connection, answer):
        piece = connection.recv(4096)
        answer += piece
        if piece and not _complete(answer):
            return
        self._selector.unregister(connection)
        connection.close()
        self.refused += b" 202 " not in answer[:20]
        self._begin()


def _complete(answer):
    """Tell whether the answer is there, as HTTP clients do: by its length."""
    head, _blank, body = answer.partition(b"\r\n\r\n")
    _name, found, rest = head.lower().partition(b"content-length:")
    return bool(found) and len(body) >= int(rest.split(b"\r\n")[0])


def _main(port, key, path, count):
    senders = _Senders(int(port), key, path, int(count))
    started = time.monotonic()
    senders.run()
    seconds = time.monotonic() - started
    print(json.dumps({"seconds": seconds, "refused": senders.refused}))


if __name__ == "__main__":
    _main(*sys.argv[1:])
