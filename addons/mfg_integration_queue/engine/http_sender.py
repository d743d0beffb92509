"""HTTPS transport: one connection pool per endpoint, no redirect, no unchecked address."""

import ipaddress
import socket
import time

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util import Retry, Timeout, parse_url

from . import envelope
from .outcome import Outcome, Verdict, classify

MAX_ANSWER = 64 * 1024
EXCERPT = 2000
USER_AGENT = "mfg-integration-queue"
_NO_RETRY = Retry(total=False, redirect=False)


class AddressRefused(Exception):
    """The name resolves to an address the endpoint does not allow."""


def address_allowed(address, networks):
    """Tell whether ``address`` may be called: public, or in one of ``networks``."""
    ip = ipaddress.ip_address(address)
    ip = getattr(ip, "ipv4_mapped", None) or ip
    if any(ip in network for network in networks):
        return True
    return ip.is_global and not ip.is_multicast


class _GuardedMixin:
    """Connects to the very address that was checked, so that a name cannot resolve to
    something else between the check and the connection."""

    networks = ()

    def _new_conn(self):
        try:
            found = socket.getaddrinfo(
                self._dns_host, self.port, type=socket.SOCK_STREAM
            )
        except OSError as error:
            raise urllib3.exceptions.NewConnectionError(self, str(error)) from error
        refused, failure = [], None
        for family, kind, protocol, _name, address in found:
            if not address_allowed(address[0], self.networks):
                refused.append(address[0])
                continue
            sock = socket.socket(family, kind, protocol)
            try:
                sock.settimeout(self.timeout)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.connect(address)
            except TimeoutError as error:
                sock.close()
                failure = urllib3.exceptions.ConnectTimeoutError(self, str(error))
            except OSError as error:
                sock.close()
                failure = urllib3.exceptions.NewConnectionError(self, str(error))
            else:
                return sock
        if failure:
            raise failure
        raise AddressRefused(", ".join(refused))


class _GuardedHTTPConnection(_GuardedMixin, HTTPConnection):
    pass


class _GuardedHTTPSConnection(_GuardedMixin, HTTPSConnection):
    pass


class HttpSender:
    """Sends the deliveries of one endpoint; safe to use from many threads."""

    def __init__(self, endpoint):
        """:param endpoint: :class:`.settings.EndpointSettings`"""
        self.endpoint = endpoint
        url = parse_url(endpoint.url)
        self._path = url.request_uri
        secure = url.scheme == "https"
        pool_class = (
            urllib3.HTTPSConnectionPool if secure else urllib3.HTTPConnectionPool
        )
        connection = _GuardedHTTPSConnection if secure else _GuardedHTTPConnection
        self._pool = pool_class(
            url.host,
            url.port,
            maxsize=endpoint.concurrency,
            block=True,
            retries=_NO_RETRY,
            timeout=Timeout(connect=endpoint.timeout_connect, read=endpoint.timeout_read),
        )
        self._pool.ConnectionCls = type(
            "Connection", (connection,), {"networks": endpoint.networks}
        )

    def close(self):
        self._pool.close()

    def send(self, delivery):
        """Make one attempt and return its :class:`.outcome.Outcome`; never raises for
        what the other side or the network does."""
        started = time.monotonic()
        outcome = self._attempt(delivery)
        outcome.duration = time.monotonic() - started
        secrets = self.endpoint.secrets
        outcome.secret_id = secrets[0].id if secrets else None
        return outcome

    def _attempt(self, delivery):
        endpoint = self.endpoint
        body = envelope.build(delivery, endpoint.sources[delivery.company_id], endpoint.plant)
        headers = {"content-type": envelope.CONTENT_TYPE, "user-agent": USER_AGENT}
        headers.update(
            envelope.sign(
                delivery.uuid,
                int(time.time()),
                body,
                [secret.raw for secret in endpoint.secrets],
            )
        )
        try:
            response = self._pool.urlopen(
                "POST", self._path, body=body, headers=headers, preload_content=False
            )
            try:
                answer = response.read(MAX_ANSWER, decode_content=True)
                # what is left of an oversized answer is not worth a connection
                response.drain_conn() if len(answer) < MAX_ANSWER else response.close()
            finally:
                response.release_conn()
        except AddressRefused as error:
            return Outcome(Verdict.DEAD, error_code="ADDR-001", excerpt=str(error))
        except urllib3.exceptions.SSLError as error:
            return Outcome(Verdict.RETRY, error_code="TLS-001", excerpt=str(error)[:EXCERPT])
        except urllib3.exceptions.TimeoutError as error:
            return Outcome(Verdict.RETRY, error_code="NET-002", excerpt=str(error)[:EXCERPT])
        except (urllib3.exceptions.HTTPError, OSError) as error:
            return Outcome(Verdict.RETRY, error_code="NET-001", excerpt=str(error)[:EXCERPT])
        verdict, code = classify(response.status)
        return Outcome(
            verdict,
            status=response.status,
            error_code=code,
            excerpt=None if verdict is Verdict.DELIVERED else _text(answer),
            retry_after=_retry_after(response),
        )


def _text(answer):
    return answer.decode("utf-8", "replace").replace("\0", "")[:EXCERPT]


def _retry_after(response):
    value = response.headers.get("retry-after")
    if not value:
        return None
    try:
        return Retry().parse_retry_after(value)
    except urllib3.exceptions.InvalidHeader:
        return None
