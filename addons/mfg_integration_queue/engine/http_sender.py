"""HTTPS transport: one kept connection per thread, no redirect, no unchecked address."""

import http.client
import ipaddress
import socket
import ssl
import time
from dataclasses import replace
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from . import batch_answer, envelope
from .http_connection import Connection
from .outcome import Outcome, Verdict, classify

#: bytes of events in one request
MAX_BATCH = 1024 * 1024
#: answers to a batch that may be due to a single event in it
CONTENT_REFUSED = frozenset({400, 409, 413, 422})
EXCERPT = 2000
USER_AGENT = "mfg-integration-queue"

#: what a receiver that closed an idle connection looks like to the next request
_HUNG_UP = (
    http.client.RemoteDisconnected,
    BrokenPipeError,
    ConnectionResetError,
    ConnectionAbortedError,
)


class AddressRefused(Exception):
    """The name resolves to addresses the endpoint does not allow, and to no other."""


def address_allowed(address, networks):
    """Tell whether ``address`` may be called: public, or in one of ``networks``."""
    ip = ipaddress.ip_address(address)
    ip = getattr(ip, "ipv4_mapped", None) or ip
    if any(ip in network for network in networks):
        return True
    return ip.is_global and not ip.is_multicast


def connect(host, port, networks, timeout):
    """Return a socket connected to the very address that was checked, so that a name
    cannot resolve to something else in between.

    :raises AddressRefused: no address of the host is allowed
    :raises OSError: none of the allowed addresses answers
    """
    refused, failure = [], None
    for family, kind, protocol, _name, address in socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM
    ):
        if not address_allowed(address[0], networks):
            refused.append(address[0])
            continue
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(timeout)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.connect(address)
        except OSError as error:
            sock.close()
            failure = error
        else:
            return sock
    if failure:
        raise failure
    raise AddressRefused(", ".join(refused))


class HttpSender:
    """Sends deliveries of one endpoint, one after the other, from one thread."""

    def __init__(self, endpoint):
        """:param endpoint: :class:`.settings.EndpointSettings`"""
        self._endpoint = endpoint
        url = urlsplit(endpoint.url)
        self._host = url.hostname
        self._tls = ssl.create_default_context() if url.scheme == "https" else None
        self._port = url.port or (443 if self._tls else 80)
        self._connection = None

    def close(self):
        """Close the kept connection."""
        if self._connection:
            self._connection.close()
            self._connection = None

    def send(self, delivery):
        """Make one attempt and return its :class:`.outcome.Outcome`; never raises for
        what the other side or the network does."""
        outcome, _answer = self._attempt(
            delivery.uuid, envelope.CONTENT_TYPE, self._event(delivery)
        )
        return outcome

    def send_batch(self, deliveries):
        """Make one attempt for several deliveries in one request and return an
        :class:`.outcome.Outcome` for each."""
        events = [self._event(delivery) for delivery in deliveries]
        if sum(map(len, events)) > MAX_BATCH:
            return self._send_halves(deliveries)
        outcome, answer = self._attempt(
            envelope.batch_id(deliveries),
            envelope.BATCH_CONTENT_TYPE,
            b"[" + b",".join(events) + b"]",
        )
        if outcome.status in CONTENT_REFUSED:
            return self._send_halves(deliveries)
        if outcome.verdict is Verdict.DELIVERED and self._endpoint.answers_each:
            return batch_answer.outcomes(deliveries, answer, outcome)
        return [replace(outcome) for _delivery in deliveries]

    def _send_halves(self, deliveries):
        """Send a batch that is too large or was refused as a whole in two parts: what is
        at fault ends up alone, and the others get through."""
        middle = len(deliveries) // 2
        return [
            outcome
            for half in (deliveries[:middle], deliveries[middle:])
            for outcome in (
                self.send_batch(half) if len(half) > 1 else [self.send(half[0])]
            )
        ]

    def _event(self, delivery):
        endpoint = self._endpoint
        return envelope.build(
            delivery, endpoint.sources[delivery.company_id], endpoint.plant
        )

    def _attempt(self, message_id, content_type, body):
        """Return the outcome of one request and the answer."""
        endpoint = self._endpoint
        headers = {
            "content-type": content_type,
            "user-agent": USER_AGENT,
            **envelope.sign(
                message_id,
                int(time.time()),
                body,
                [secret.raw for secret in endpoint.secrets],
            ),
        }
        answer = b""
        try:
            status, retry_after, answer = self._exchange(body, headers)
        except AddressRefused as error:
            outcome = self._failed(Verdict.DEAD, "ADDR-001", error)
        except ssl.SSLError as error:
            outcome = self._failed(Verdict.RETRY, "TLS-001", error)
        except TimeoutError as error:
            outcome = self._failed(Verdict.RETRY, "NET-002", error)
        except (OSError, http.client.HTTPException) as error:
            outcome = self._failed(Verdict.RETRY, "NET-001", error)
        else:
            verdict, code = classify(status)
            outcome = Outcome(verdict, status=status, error_code=code)
            if verdict is not Verdict.DELIVERED:
                outcome.excerpt = _text(answer)
                outcome.retry_after = _seconds(retry_after)
        outcome.secret_id = endpoint.secrets[0].id if endpoint.secrets else None
        return outcome, answer

    def _exchange(self, body, headers):
        kept = self._connection is not None and not self._connection.hung_up()
        if not kept:
            self._open()
        try:
            return self._connection.post(headers, body)
        except _HUNG_UP:
            # A receiver may close a kept connection at the very moment we use it. A new
            # one that fails like this is a failed attempt.
            if not kept:
                raise
            self._open()
            return self._connection.post(headers, body)

    def _open(self):
        self.close()
        endpoint = self._endpoint
        sock = connect(
            self._host, self._port, endpoint.networks, endpoint.timeout_connect
        )
        if self._tls:
            sock = self._tls.wrap_socket(sock, server_hostname=self._host)
        sock.settimeout(endpoint.timeout_read)
        self._connection = Connection(sock, endpoint.url)

    def _failed(self, verdict, code, error):
        self.close()
        text = str(error) or type(error).__name__
        return Outcome(verdict, error_code=code, excerpt=text[:EXCERPT])


def _text(answer):
    return answer.decode("utf-8", "replace").replace("\0", "")[:EXCERPT]


def _seconds(retry_after):
    """Return a Retry-After header, seconds or a date, as seconds from now."""
    if not retry_after:
        return None
    if retry_after.strip().isdigit():
        return float(retry_after)
    try:
        return max(parsedate_to_datetime(retry_after).timestamp() - time.time(), 0.0)
    except ValueError:
        return None
