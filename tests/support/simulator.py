"""Simulators as processes of their own, driven over real sockets."""

import http.client
import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlencode

SIMULATORS = Path(__file__).resolve().parents[2] / "tools" / "simulators"


class Simulator:
    """One running simulator.

    :param str script: file name in tools/simulators
    :param state_dir: folder for its events.jsonl
    :param str secret: signing secret (``whsec_...``); None takes the demo's
    :param int port: 0 lets the system choose
    """

    def __init__(self, script, state_dir, secret=None, port=0):
        command = [sys.executable, str(SIMULATORS / script)]
        command += ["--port", str(port), "--state", str(state_dir)]
        if secret:
            command += ["--secret", secret]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        line = self.process.stdout.readline()
        if not line.startswith("listening on "):
            self.stop()
            raise AssertionError(f"{script} did not start: {line!r}")
        self.url = line.split()[-1]
        self.port = int(self.url.rsplit(":", 1)[1])

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.stop()

    def stop(self):
        """End the process and wait for it."""
        self.process.terminate()
        self.process.wait(timeout=10)
        self.process.stdout.close()

    def request(self, method, path, body=None, headers=None):
        """Send one request over a connection of its own.

        :return: (status, decoded JSON body, headers)
        """
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read()), answer.headers
        finally:
            connection.close()

    def events(self, **narrow):
        """Return accepted events, narrowed by ``type``, ``id`` or ``path``."""
        return self.request("GET", f"/events?{urlencode(narrow)}")[1]

    def requests(self, **narrow):
        """Return all deliveries with the status they got."""
        return self.request("GET", f"/requests?{urlencode(narrow)}")[1]

    def status(self):
        """Return the counters of the process."""
        return self.request("GET", "/status")[1]

    def order(self, path, /, **command):
        """Give a simulator a command of its own; return its answer."""
        status, answer, _headers = self.request("POST", path, json.dumps(command))
        assert status == 200, answer
        return answer

    def control(self, **command):
        """Change its behaviour; see Behaviour in tools/simulators/receiver.py."""
        status, answer, _headers = self.request("POST", "/control", json.dumps(command))
        assert status == 200, answer
