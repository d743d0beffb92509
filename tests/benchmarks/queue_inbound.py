"""How many messages a second two Odoo workers take in: key, contract, idempotency.

The senders are a process of their own (this file as a script): one connection per
message, as systems that send now and then do.
"""

import json
import socket
import subprocess
import sys
import threading
import time
from statistics import median

SENDERS = 8
PAYLOAD = 900  # with the rest of the message about 1 kB
#: first key of the advisory lock by which a worker tells that it lives
WORKER_LOCK = 0x4D464757


def inbound_per_s(quick, lab):
    """Return the messages accepted per second, the median of several runs.

    No worker processes meanwhile: one on another machine is played by its lock, so that
    this machine's two cores serve senders and servers only.

    :param bool quick: fewer messages
    :param lab: tools/launcher/lab.py
    """
    from tests.support.inbound_site import InboundSite

    site = InboundSite(lab)
    try:
        site.query(f"SELECT pg_advisory_lock({WORKER_LOCK}, 0)")
        site.start_server(workers=2, limit_time_real=600)
        count = 1500 if quick else 6000
        _send(lab, site, 400)
        return median(_send(lab, site, count) for _turn in range(3))
    finally:
        site.close()


def _send(lab, site, count):
    answer = subprocess.run(
        [lab.python, __file__, str(site.port), site.key, str(count)],
        capture_output=True,
        text=True,
        check=True,
    )
    result = json.loads(answer.stdout)
    assert result["refused"] == 0, result
    return count / result["seconds"]


class _Sender(threading.Thread):
    """Sends its share of the messages, one after the other."""

    def __init__(self, port, key, count):
        super().__init__()
        self._address = ("127.0.0.1", port)
        self._head = (
            "POST /mfg_integration/v1/in/system.note HTTP/1.1\r\n"
            f"Host: 127.0.0.1:{port}\r\n"
            f"Authorization: Bearer {key}\r\n"
            "Content-Type: application/json\r\n"
        )
        self._count = count
        self.refused = 0

    def run(self):
        """Count what is not accepted."""
        for number in range(self._count):
            body = json.dumps({"text": f"{number} " + "x" * PAYLOAD})
            request = (
                f"{self._head}Idempotency-Key: {self.ident}-{time.monotonic_ns()}\r\n"
                f"Content-Length: {len(body)}\r\n\r\n{body}"
            )
            with socket.create_connection(self._address) as connection:
                connection.sendall(request.encode())
                answer = b""
                while piece := connection.recv(4096):
                    answer += piece
            self.refused += b" 202 " not in answer[:20]


def _main(port, key, count):
    senders = [_Sender(int(port), key, int(count) // SENDERS) for _n in range(SENDERS)]
    started = time.monotonic()
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    seconds = time.monotonic() - started
    refused = sum(sender.refused for sender in senders)
    print(json.dumps({"seconds": seconds, "refused": refused}))


if __name__ == "__main__":
    _main(*sys.argv[1:])
