"""Stands for Odoo's inbox where only the sender is looked at."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Inbox:
    """Takes every message; ``taken`` is a list of (interface, payload, key)."""

    def __init__(self):
        self.taken = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.inbox = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def url(self):
        """Address to connect a simulator to."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *error):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        """Take a message."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        interface = self.path.rpartition("/")[2]
        self.server.inbox.taken.append(
            (interface, json.loads(body), self.headers["Idempotency-Key"])
        )
        answer = b"{}"
        self.send_response(202)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format, *args):
        """Stay silent: ``taken`` has the record."""
