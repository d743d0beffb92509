"""Base of the simulators: an HTTP receiver that verifies, records and misbehaves.

A simulator stands for another system of a plant. It runs as a process of its own with
nothing but the standard library, so that a test or a demo talks to it over real
sockets.

    GET  /            what this simulator is and which paths it offers
    GET  /status      {"name", "in_flight", "requests", "accepted", "control"}
    GET  /events      accepted events; ?type=, ?id= and ?path= narrow the list
    GET  /requests    every delivery with the status it got; None if dropped
    POST /control     change the behaviour, see :class:`Behaviour`
    POST <other path> a delivery: signed (Standard Webhooks) CloudEvent
"""

import argparse
import base64
import hashlib
import hmac
import json
import signal
import socket
import sys
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

MAX_BODY_BYTES = 10 * 1024 * 1024
SIGNATURE_TOLERANCE_SECONDS = 300


def utc_now():
    """Return the present moment as ISO 8601 text in UTC with microseconds."""
    return (
        datetime.now(timezone.utc)
        .isoformat(timespec="microseconds")
        .replace("+00:00", "Z")
    )


class SignatureError(ValueError):
    """The delivery does not carry a valid signature; the text says why."""


def verify_signature(secret, headers, body, now=None):
    """Check a Standard Webhooks signature.

    :param str secret: ``whsec_<base64>``
    :param headers: mapping with webhook-id, webhook-timestamp, webhook-signature
    :param bytes body: raw request body
    :param float now: seconds since the epoch, for tests
    :raise SignatureError: header missing, clock too far away, or no signature matches
    """
    try:
        message_id = headers["webhook-id"]
        timestamp = headers["webhook-timestamp"]
        signatures = headers["webhook-signature"].split()
    except (KeyError, AttributeError) as error:
        raise SignatureError("a webhook-* header is missing") from error
    if not message_id or not (timestamp or "").isdigit():
        raise SignatureError("webhook-id or webhook-timestamp is malformed")
    if (
        abs((time.time() if now is None else now) - int(timestamp))
        > SIGNATURE_TOLERANCE_SECONDS
    ):
        raise SignatureError("webhook-timestamp is too far from this clock")
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    # Several signatures are normal while a secret is being rotated: one match will do.
    # Every one is compared, in constant time: the answer's duration tells nothing.
    matches = [
        hmac.compare_digest(f"v1,{expected}".encode(), signature.encode())
        for signature in signatures
    ]
    if not any(matches):
        raise SignatureError("no signature matches the secret")


@dataclass(frozen=True)
class Answer:
    """What the receiver says to one delivery. ``status`` None drops the connection."""

    status: int | None
    title: str = ""
    detail: str = ""
    headers: dict = field(default_factory=dict)

    @property
    def accepted(self):
        """Whether the sender may consider the event delivered."""
        return self.status is not None and 200 <= self.status < 300


@dataclass
class Behaviour:
    """How deliveries are treated; the body of ``POST /control``.

    ``mode``: ok, down (connection closed without an answer), slow (waits ``seconds``,
    then accepts), error (answers ``status``), reject (422, the contract is refused) or
    busy (429). ``count`` ends the behaviour after that many deliveries; None keeps it
    until changed. ``retry_after`` adds the header of that name, in seconds. ``path``
    limits it to one path.
    """

    mode: str = "ok"
    status: int = 503
    seconds: float = 2.0
    count: int | None = None
    retry_after: int | None = None
    path: str | None = None

    MODES = ("ok", "down", "slow", "error", "reject", "busy")

    @classmethod
    def from_command(cls, command):
        """Build a behaviour from the decoded body of ``POST /control``.

        :raise ValueError: unknown key or unknown mode
        :raise TypeError: a value of the wrong type
        """
        if not isinstance(command, dict):
            raise TypeError("the command must be a JSON object")
        unknown = set(command) - set(cls.__dataclass_fields__)
        if unknown:
            raise ValueError(f"unknown key: {', '.join(sorted(unknown))}")
        behaviour = cls(**command)
        if behaviour.mode not in cls.MODES:
            raise ValueError(f"mode must be one of {', '.join(cls.MODES)}")
        for name in ("status", "seconds", "count", "retry_after"):
            value = getattr(behaviour, name)
            optional = name in ("count", "retry_after")
            if not (value is None and optional) and not isinstance(value, (int, float)):
                raise TypeError(f"{name} must be a number")
        return behaviour

    def answer(self):
        """Return the :class:`Answer` of this mode, or None when the path decides."""
        extra = (
            {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        )
        if self.mode == "down":
            return Answer(None)
        if self.mode == "error":
            return Answer(self.status, "Simulated failure", "Told to fail.", extra)
        if self.mode == "reject":
            return Answer(422, "Contract refused", "Told to refuse the message.", extra)
        if self.mode == "busy":
            return Answer(429, "Too many requests", "Told to be busy.", extra)
        return None


class EventLog:
    """Accepted events in memory and, line by line, in ``<state>/events.jsonl``."""

    def __init__(self, state_dir):
        self.path = Path(state_dir) / "events.jsonl"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.events = []
        self.requests = []
        self.ids = Counter()
        self.deliveries = Counter()
        self.lock = threading.Lock()
        if self.path.exists():
            for line in self.path.read_text(encoding="utf-8").splitlines():
                self._remember(json.loads(line))

    def _remember(self, event):
        self.events.append(event)
        self.ids[event["id"]] += 1

    def accept(self, event):
        """Keep an accepted event; ``duplicate``: its id was seen before."""
        with self.lock:
            event["duplicate"] = self.ids[event["id"]] > 0
            self._remember(event)
            with self.path.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(event, ensure_ascii=False) + "\n")

    def note_request(self, request):
        """Keep what happened to one delivery.

        :return: how often the same event came to the same path before
        """
        with self.lock:
            self.requests.append(request)
            attempt = (request["id"], request["path"])
            self.deliveries[attempt] += 1
            return self.deliveries[attempt] - 1


class Receiver:
    """State of one simulator, shared by the threads of its HTTP server.

    Subclasses set ``name`` and ``characters``: path -> ``(event, earlier) -> Answer``,
    where ``event`` is the decoded envelope and ``earlier`` counts former deliveries of
    the same event to the same path. They may add ``commands``: path -> ``(body) -> answer``,
    both JSON.
    """

    name = "receiver"

    def __init__(self, state_dir, secret):
        self.secret = secret
        self.log = EventLog(state_dir)
        self.behaviour = Behaviour()
        self.in_flight = 0
        self.lock = threading.Lock()
        self.characters = {}
        self.commands = {"/control": self._command}

    def route(self, path):
        """Return whose a path is, and the path as that simulator knows it."""
        return self, path

    def _command(self, body):
        self.control(body)
        return self.status()

    def status(self):
        """Return counters of this process as a JSON-ready dict."""
        with self.lock:
            return {
                "name": self.name,
                "in_flight": self.in_flight,
                "requests": len(self.log.requests),
                "accepted": len(self.log.events),
                "control": asdict(self.behaviour),
            }

    def control(self, command):
        """Replace the behaviour; see :class:`Behaviour`."""
        behaviour = Behaviour.from_command(command)
        with self.lock:
            self.behaviour = behaviour

    def _take_behaviour(self, path):
        """Return the behaviour for one delivery and count it down."""
        with self.lock:
            behaviour = self.behaviour
            if behaviour.path not in (None, path):
                return Behaviour()
            if behaviour.count is not None:
                behaviour.count -= 1
                if behaviour.count <= 0:
                    self.behaviour = Behaviour()
            return behaviour

    def deliver(self, path, headers, body):
        """Treat one delivery as the commanded behaviour and the path's character say.

        :return: :class:`Answer`
        """
        character = self.characters.get(path)
        if character is None:
            return Answer(
                404, "Unknown path", f"Offered: {', '.join(sorted(self.characters))}"
            )
        request = {
            "id": headers.get("webhook-id"),
            "path": path,
            "received_at": utc_now(),
            "status": None,
        }
        earlier = self.log.note_request(request)
        with self.lock:
            self.in_flight += 1
        try:
            answer = self._decide(path, character, earlier, headers, body)
        finally:
            with self.lock:
                self.in_flight -= 1
        request["status"] = answer.status
        return answer

    def _decide(self, path, character, earlier, headers, body):
        behaviour = self._take_behaviour(path)
        if behaviour.mode == "down":
            return behaviour.answer()
        try:
            verify_signature(self.secret, headers, body)
        except SignatureError as error:
            return Answer(401, "Signature refused", str(error))
        try:
            event = json.loads(body)
            envelope = {"id": event["id"], "type": event["type"]}
        except (ValueError, KeyError, TypeError):
            return Answer(
                400, "Not a CloudEvent", "The body must be a structured CloudEvent."
            )
        if behaviour.mode == "slow":
            time.sleep(behaviour.seconds)
        answer = behaviour.answer() or character(event, earlier)
        if answer.accepted:
            self.log.accept(
                {
                    **envelope,
                    "path": path,
                    "lane": event.get("partitionkey"),
                    "sequence": event.get("sequence"),
                    "webhook_id": headers.get("webhook-id"),
                    "signature_valid": True,
                    "received_at": utc_now(),
                    "body": event,
                }
            )
        return answer


class Handler(BaseHTTPRequestHandler):
    """HTTP face of a :class:`Receiver` (``server.receiver``)."""

    protocol_version = "HTTP/1.1"
    # A worker keeps its connections open and sends small messages: without TCP_NODELAY
    # an answer would wait for the delayed acknowledgement of the one before (40 ms).
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self):
        """Answer the questions a test, a demo user or a probe may ask."""
        url = urlsplit(self.path)
        receiver, path = self.server.receiver.route(url.path)
        if path == "/":
            self._send(
                200, {"simulator": receiver.name, "paths": sorted(receiver.characters)}
            )
        elif path == "/status":
            self._send(200, receiver.status())
        elif path == "/events":
            self._send(200, self._narrowed(receiver.log.events, url.query))
        elif path == "/requests":
            self._send(200, self._narrowed(receiver.log.requests, url.query))
        else:
            self._problem(404, "Unknown path", f"Nothing to read at {path}.")

    def do_POST(self):
        """Take a command or a delivery."""
        length = self.headers.get("Content-Length", "")
        if not length.isdigit():
            self.close_connection = True
            return self._problem(411, "Length required", "Send Content-Length.")
        if int(length) > MAX_BODY_BYTES:
            self.close_connection = True
            return self._problem(413, "Too large", f"At most {MAX_BODY_BYTES} bytes.")
        body = self.rfile.read(int(length))
        receiver, path = self.server.receiver.route(urlsplit(self.path).path)
        if command := receiver.commands.get(path):
            return self._obey(command, body)
        answer = receiver.deliver(path, self.headers, body)
        if answer.status is None:
            return self._drop()
        if answer.accepted:
            return self._send(
                answer.status, {"status": "accepted"}, headers=answer.headers
            )
        return self._problem(answer.status, answer.title, answer.detail, answer.headers)

    def _obey(self, command, body):
        try:
            answer = command(json.loads(body))
        except (KeyError, ValueError, TypeError) as error:
            return self._problem(400, "Command not understood", str(error))
        return self._send(200, answer)

    def _narrowed(self, rows, query):
        for name, value in parse_qsl(query):
            rows = [row for row in rows if str(row.get(name)) == value]
        return list(rows)

    def _drop(self):
        """Close the connection without a byte, as a host that just went down."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _problem(self, status, title, detail, headers=None):
        problem = {
            "type": "about:blank",
            "title": title,
            "status": status,
            "detail": detail,
        }
        self._send(status, problem, "application/problem+json", headers)

    def _send(self, status, content, content_type="application/json", headers=None):
        body = json.dumps(content, ensure_ascii=False).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = (
                True  # the sender is gone (killed, timed out): nobody to tell
            )

    def log_message(self, format, *args):
        """Stay silent: ``GET /requests`` has the record."""


class Server(ThreadingHTTPServer):
    """One thread per connection; ends without waiting for slow deliveries."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address, receiver):
        super().__init__(address, Handler)
        self.receiver = receiver

    def handle_error(self, request, client_address):
        """Ignore senders that vanish, report everything else."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def parse_arguments(description, default_port, default_secret):
    """Return the options every simulator takes: ``port``, ``state`` and ``secret``."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument(
        "--port",
        type=int,
        default=default_port,
        help="0 lets the system choose a free one",
    )
    parser.add_argument("--state", required=True, help="folder for events.jsonl")
    parser.add_argument(
        "--secret", default=default_secret, help="signing secret, whsec_..."
    )
    return parser.parse_args()


def serve(receiver, host, port):
    """Serve until SIGTERM or Ctrl-C; print the address once the socket listens."""
    server = Server((host, port), receiver)
    # shutdown() waits for serve_forever(), so it must not run in the thread that serves
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(
            number, lambda *_: threading.Thread(target=server.shutdown).start()
        )
    print(f"listening on http://{host}:{server.server_port}", flush=True)
    try:
        server.serve_forever(poll_interval=0.1)
    finally:
        server.server_close()


def shipped_settings(name):
    """Return a simulator's entry of simulators.json (default port, demo secret)."""
    settings = json.loads(
        Path(__file__).with_name("simulators.json").read_text(encoding="utf-8")
    )
    return next(entry for entry in settings if entry["name"] == name)


def run(simulator, description, port, secret=""):
    """Run a simulator as a process, with the options of the command line.

    :param simulator: subclass of :class:`Receiver`
    :param int port: if none is given
    """
    options = parse_arguments(description.splitlines()[0], port, secret)
    serve(simulator(options.state, options.secret), options.host, options.port)
