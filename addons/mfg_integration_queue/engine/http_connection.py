"""One kept connection to a receiver.

The standard library's client spends most of its time on headers that nobody looks at. Here
a request goes out in one piece, and a plain answer that came in one piece is read at a
glance; everything else is read by the standard library.
"""

import http.client
import io
import re
import select
from urllib.parse import quote, urlsplit

MAX_ANSWER = 64 * 1024
_STATUS = re.compile(rb"HTTP/1\.1 ([2-5]\d\d)(?: .*)?")
#: what may stand in the path and query of a request as it is
_SAFE = "%/?&=:;,+!$'()*@[]~"


class Connection:
    """Posts to one URL, one request after the other."""

    def __init__(self, sock, url):
        """:param sock: connected socket, over TLS or not"""
        self._sock = sock
        parts = urlsplit(url)
        target = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
        host = parts.hostname.encode("idna").decode()
        host = f"[{host}]" if ":" in host else host
        port = f":{parts.port}" if parts.port else ""
        self._head = (
            f"POST {quote(target, safe=_SAFE)} HTTP/1.1\r\n"
            f"Host: {host}{port}\r\nAccept-Encoding: identity\r\n"
        )

    def close(self):
        """Close it; it cannot be used again."""
        if self._sock:
            self._sock.close()
            self._sock = None

    def hung_up(self):
        """Tell whether the receiver closed the connection (or sent something unasked for,
        which is as bad)."""
        if self._sock is None:
            return True
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        return bool(poll.poll(0))

    def post(self, headers, body):
        """Send a request and return (status, Retry-After or None, answer).

        :param dict headers: names and values in ASCII, without line ends
        :raises OSError: the network failed, or nothing came in time
        :raises http.client.HTTPException: the answer is none
        """
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"{self._head}{lines}Content-Length: {len(body)}\r\n\r\n"
        self._sock.sendall(head.encode("ascii") + body)
        data = self._sock.recv(MAX_ANSWER)
        if not data:
            raise http.client.RemoteDisconnected(
                "Remote end closed connection without response"
            )
        return self._plain(data) or self._any(data)

    def _plain(self, data):
        """Read an answer that is complete and of a length it tells; None for any other."""
        head, _blank, answer = data.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        status = _STATUS.fullmatch(first)
        fields = {}
        for line in lines:
            name, _colon, value = line.partition(b":")
            fields[name.lower()] = value.strip()
        if (
            not status
            or b"transfer-encoding" in fields
            or fields.get(b"content-length") != b"%d" % len(answer)
        ):
            return None
        if fields.get(b"connection", b"").lower() == b"close":
            self.close()
        retry_after = fields.get(b"retry-after")
        return int(status[1]), retry_after and retry_after.decode("latin-1"), answer

    def _any(self, data):
        response = http.client.HTTPResponse(_Rest(self._sock, data), method="POST")
        response.begin()
        answer = response.read(MAX_ANSWER)
        if (not response.isclosed() and response.read(1)) or response.will_close:
            # what is left of an oversized answer is not worth a connection
            self.close()
        return response.status, response.getheader("retry-after"), answer


class _Rest(io.RawIOBase):
    """A socket some of whose data were received already, as HTTPResponse wants to read it."""

    def __init__(self, sock, data):
        super().__init__()
        self._sock = sock
        self._data = data

    def makefile(self, _mode):
        """Return the stream."""
        return io.BufferedReader(self)

    def readable(self):
        """It is."""
        return True

    def readinto(self, buffer):
        """Read what was received, then from the socket."""
        if not self._data:
            return self._sock.recv_into(buffer)
        size = min(len(buffer), len(self._data))
        buffer[:size] = self._data[:size]
        self._data = self._data[size:]
        return size
