"""A receiver as fast as Python allows: a process that records what it was sent.

Raw asyncio without a framework, so that what is measured and broken is the sender. Runs on
its own (``python sink.py --port 0``) and prints its address; :class:`Sink` drives it.
"""

import argparse
import asyncio
import base64
import hashlib
import hmac
import http.client
import json
import subprocess
import sys
import time

SECRET = b"a secret of thirty-two bytes now"


class Receiver(asyncio.Protocol):
    """One connection."""

    state = None  # shared by all connections, set by main()

    def connection_made(self, transport):
        self.transport = transport
        self.buffer = b""
        self.state.connections += 1

    def data_received(self, data):
        self.buffer += data
        while True:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self.buffer[:end]
            length = int(_header(head, b"content-length") or 0)
            if len(self.buffer) < end + 4 + length:
                return
            body = self.buffer[end + 4 : end + 4 + length]
            self.buffer = self.buffer[end + 4 + length :]
            self.take(head, body)

    def take(self, head, body):
        method, path, _version = head.split(b"\r\n", 1)[0].split(b" ")
        if path.startswith(b"/_"):
            self.answer(200, json.dumps(self.state.command(path.decode(), body)))
            return
        status, delay = self.state.receive(path.decode(), head, body)
        text = self.state.answer_text(body, status)
        if text:
            status = 200
        if status is None:
            self.transport.abort()
        elif delay:
            asyncio.get_running_loop().call_later(delay, self.answer, status, text)
        else:
            self.answer(status, text)

    def answer(self, status, text=""):
        data = text.encode()
        extra = ""
        if status in (429, 503) and self.state.retry_after:
            extra = f"Retry-After: {self.state.retry_after}\r\n"
        self.transport.write(
            f"HTTP/1.1 {status} X\r\n{extra}Content-Length: {len(data)}\r\n\r\n".encode()
            + data
        )


def _header(head, name):
    lowered = head.lower()
    at = lowered.find(b"\r\n" + name + b":")
    if at < 0:
        return None
    return head[at + len(name) + 3 :].split(b"\r\n", 1)[0].strip()


class State:
    """What the process recorded and how it behaves."""

    def __init__(self, record):
        self.record = record
        self.connections = 0
        self.reset()

    def reset(self):
        self.count = 0
        self.first = self.last = None
        self.received = []
        self.behaviour = {}  # path → {"status", "delay"}; "" for every other path
        self.retry_after = None
        self.fail_when = {}  # text in the body → status
        self.answers_each = False  # in a batch
        self.delay_when = {}  # text in the body → seconds
        self.watched_text = None
        self.watched = []  # times at which messages with the text came

    def receive(self, path, head, body):
        now = time.time()
        self.first = self.first or now
        self.last = now
        self.count += 1
        if self.watched_text and (
            self.watched_text in body or self.watched_text == path.encode()
        ):
            self.watched.append(now)
        behaviour = self.behaviour.get(path) or self.behaviour.get("") or {}
        status = behaviour.get("status", 200)
        for text, forced in self.fail_when.items():
            if text.encode() in body:
                status = forced
        delay = behaviour.get("delay", 0)
        for text, seconds in self.delay_when.items():
            if text.encode() in body:
                delay = seconds
        if self.record:
            self._note(now, path, head, body, status)
        return status, delay

    def _note(self, now, path, head, body, status):
        message_id = _header(head, b"webhook-id").decode()
        stamp = _header(head, b"webhook-timestamp")
        signed = b".".join((message_id.encode(), stamp, body))
        expected = base64.b64encode(hmac.new(SECRET, signed, hashlib.sha256).digest())
        signatures = _header(head, b"webhook-signature").split()
        events = json.loads(body)
        is_batch = isinstance(events, list)
        for event in events if is_batch else [events]:
            self._note_event(
                now,
                path,
                event,
                event["id"] if is_batch else message_id,
                self._status_of(event, status) if self.answers_each else status,
                b"v1," + expected in signatures,
            )

    def _status_of(self, event, status):
        text = json.dumps(event)
        for wrong, forced in self.fail_when.items():
            if wrong in text:
                return forced
        return 200 if self.fail_when else status

    def answer_text(self, body, status):
        """Return what is said about each event of a batch."""
        if not self.answers_each or not body.startswith(b"["):
            return ""
        results = [
            {"id": event["id"], "status": self._status_of(event, status), "error": "?"}
            for event in json.loads(body)
        ]
        return json.dumps({"results": results})

    def _note_event(self, now, path, event, message_id, status, signed):
        self.received.append(
            {
                "id": message_id,
                "lane": event["partitionkey"],
                "sequence": event["sequence"],
                "data": event["data"],
                "at": now,
                "path": path,
                "status": status,
                "signed": signed,
            }
        )

    def command(self, path, body):
        if path == "/_reset":
            self.reset()
        elif path == "/_behave":
            command = json.loads(body)
            self.behaviour.update(command.get("behaviour", {}))
            self.retry_after = command.get("retry_after", self.retry_after)
            self.fail_when = command.get("fail_when", self.fail_when)
            self.answers_each = command.get("answers_each", self.answers_each)
            self.delay_when = command.get("delay_when", self.delay_when)
        elif path == "/_received":
            return self.received
        elif path == "/_watch":
            self.watched_text = json.loads(body)["text"].encode()
            self.watched = []
        elif path == "/_watched":
            return self.watched
        return {
            "count": self.count,
            "first": self.first,
            "last": self.last,
            "connections": self.connections,
        }


class Sink:
    """Starts a sink and talks to it.

    :param bool record: keep id, lane, sequence, data and signature of every message;
        without it only counts, which costs next to nothing
    """

    def __init__(self, record=True):
        command = [sys.executable, __file__]
        if record:
            command.append("--record")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().rsplit(":", 1)[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def close(self):
        """End the process."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def count(self):
        """Return how many messages came."""
        return self._ask("/_count")["count"]

    def span(self):
        """Return the times of the first and of the last message."""
        answer = self._ask("/_count")
        return answer["first"], answer["last"]

    def received(self):
        """Return every message, in the order of arrival."""
        return self._ask("/_received")

    def watch(self, text):
        """Note from now on when messages come to this path or with this text in them."""
        self._ask("/_watch", {"text": text})

    def watched(self):
        """Return the times they came."""
        return self._ask("/_watched")

    def reset(self):
        """Forget what came and behave well."""
        self._ask("/_reset")

    def behave(self, path="", status=200, delay=0, **options):
        """Answer ``status`` after ``delay`` seconds (None: hang up) on a path, or on all.

        :param options: ``fail_when`` {text: status}, ``delay_when`` {text: seconds},
            ``retry_after``, ``answers_each`` event of a batch
        """
        behaviour = {path: {"status": status, "delay": delay}}
        self._ask("/_behave", {"behaviour": behaviour, **options})

    def _ask(self, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("POST", path, json.dumps(body or {}))
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--record", action="store_true")
    arguments = parser.parse_args()
    Receiver.state = State(arguments.record)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        Receiver, "127.0.0.1", arguments.port, backlog=512
    )
    print(
        f"listening on http://127.0.0.1:{server.sockets[0].getsockname()[1]}",
        flush=True,
    )
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
