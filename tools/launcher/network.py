"""Ports of this machine and whether another one can be reached."""

import os
import socket
import sys
import threading
from urllib.parse import urlsplit

FIRST_PORT, LAST_PORT = 8069, 8099
_claims = []  # open until this process ends


def is_free(port, interface="127.0.0.1"):
    """Whether nothing listens on the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As Odoo does; a port in TIME_WAIT is free, one with a listener is not.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((interface, port))
        except OSError:
            return False
    return True


def take(port, interface="127.0.0.1"):
    """Whether the port is free, and claimed by no other launcher that is still starting.

    Odoo listens only seconds after its port was chosen. The claim is a name in Linux's
    abstract socket namespace, which ends with this process; elsewhere there is none.
    """
    if not is_free(port, interface):
        return False
    if sys.platform != "linux":
        return True
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        claim.bind(f"\0mfg-port-{port}")
    except OSError:
        claim.close()
        return False
    _claims.append(claim)
    return True


def free_port():
    """A free port chosen by the kernel."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def preferred_port(first=FIRST_PORT, last=LAST_PORT, interface="127.0.0.1"):
    """The first free port of the range people know, else any free one."""
    for port in range(first, last + 1):
        if take(port, interface):
            return port
    return free_port()


def reachable(url, timeout=3.0):
    """Whether the host of `url`, or the proxy in front of it, accepts a connection.

    Name resolution has no timeout of its own, so the attempt runs in a thread that is
    left behind when it takes too long.
    """
    proxy = os.environ.get("https_proxy") or os.environ.get("HTTPS_PROXY")
    parts = urlsplit(proxy if proxy and url.startswith("https") else url)
    port = parts.port or (80 if parts.scheme == "http" else 443)
    answer = []

    def attempt():
        try:
            socket.create_connection((parts.hostname, port), timeout).close()
            answer.append(True)
        except OSError:
            pass

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(timeout)
    return bool(answer)
