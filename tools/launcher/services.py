"""The processes of `./mfg run`: simulators, queue worker, Odoo's server."""

import json
import time
import urllib.error
import urllib.request

from . import introductions, network, processes
from .environment import clean_environment
from .errors import LauncherError

WORKER_COMMAND = "mfg_integration_worker"
WORKER_MODULE = "mfg_integration_queue"
WORKER_READY = f"{WORKER_COMMAND} ready"
LISTENING = "HTTP service (werkzeug) running on"
LOGINS = ("mfg_suite", "demo", "logins.json")


class Service:
    """One child process with its log."""

    def __init__(self, name, command, log, environment, start=processes.start):
        self.name = name
        self.log = log
        # Appended by the process itself; the launcher reads it to see what happens.
        with open(log, "wb") as sink:
            self.process = start(command, stdout=sink, stderr=sink, env=environment)

    def wait_until(self, ready, patience):
        """Wait for `ready()`; raises LauncherError when the process ends or time is up."""
        deadline = time.monotonic() + patience
        while not ready():
            if self.process.poll() is not None:
                raise LauncherError(
                    f"{self.name} stopped; the whole log is {self.log}:", *self.tail()
                )
            if time.monotonic() > deadline:
                raise LauncherError(
                    f"{self.name} is not ready after {patience} s; see {self.log}:",
                    *self.tail(),
                )
            time.sleep(0.05)

    def has_logged(self, text):
        """Whether the log holds a text."""
        return text in self.log.read_text(errors="replace")

    def is_listening(self):
        """Whether the process printed the address it listens on."""
        return self.has_logged("listening on http://")

    def tail(self, lines=15):
        """Last lines of the log."""
        return self.log.read_text(errors="replace").splitlines()[-lines:]


class Services:
    """The services of one database, stopped in the reverse order of their start."""

    def __init__(self, workspace, database, port=None, interface="127.0.0.1"):
        self.workspace = workspace
        self.database = database
        self.interface = interface
        if port and not network.take(port, interface):
            raise LauncherError(
                f"Port {port} is taken.", "Without --port a free one is chosen."
            )
        self.port = port or network.preferred_port(interface=interface)
        self.simulators = {}  # {name: address}
        self.running = []

    @property
    def url(self):
        """Address of the login page's server."""
        host = "127.0.0.1" if self.interface == "0.0.0.0" else self.interface
        return f"http://{host}:{self.port}"

    def start(self):
        """Start everything and return when the login page answers."""
        progress = self.workspace.progress
        try:
            with progress.step("Odoo"):
                simulators = self._start_simulators()
                conf = self.workspace.odoo.write_conf(
                    f"run-{self.database}",
                    self.database,
                    http_interface=self.interface,
                    http_port=self.port,
                    gevent_port=network.free_port(),
                    max_cron_threads=1,
                    **self.workspace.audit_keys.options(self.database),
                )
                server = self._start("server", self.workspace.odoo.command(), conf)
                worker = self._start_worker(conf)
                for simulator in simulators:
                    simulator.wait_until(simulator.is_listening, 15)
                # Somebody else's server may answer at an address that ours did not get.
                server.wait_until(
                    lambda: server.has_logged(LISTENING) and self._answers(), 120
                )
                if worker:
                    worker.wait_until(lambda: worker.has_logged(WORKER_READY), 30)
                self._introduce()
        except BaseException:
            self.stop()
            raise

    def watch(self):
        """Return the first service that ends by itself; until then, wait."""
        while True:
            for service in self.running:
                if service.process.poll() is not None:
                    return service
            time.sleep(0.5)

    def stop(self):
        """Stop every service."""
        while self.running:
            processes.stop(self.running.pop().process)

    def logins(self):
        """[{"login", "password", "role"}] to show to the user."""
        return logins(self.workspace.checkout)

    def _start(self, name, command, conf=None):
        environment = (
            self.workspace.odoo.environment(conf) if conf else clean_environment()
        )
        log = self.workspace.checkout.logs / f"{name}.log"
        service = Service(name, command, log, environment)
        self.running.append(service)
        return service

    def _start_worker(self, conf):
        """The queue's own process, when its module is in the database."""
        installed = self.workspace.databases.query(
            "SELECT 1 FROM ir_module_module WHERE name = %s AND state = 'installed'",
            [WORKER_MODULE],
            database=self.database,
        )
        if not installed:
            return None
        command = self.workspace.odoo.command(WORKER_COMMAND, "-d", self.database)
        return self._start("worker", command, conf)

    def _start_simulators(self):
        """Start the outside systems of the demo group and return their services."""
        checkout = self.workspace.checkout
        started = []
        for entry in introductions.shipped(checkout):
            name = entry["name"]
            port = entry["port"] if network.take(entry["port"]) else network.free_port()
            state = checkout.state / "simulators" / name
            state.mkdir(parents=True, exist_ok=True)
            script = checkout.root / "tools" / "simulators" / entry["script"]
            command = [
                self.workspace.odoo.python,
                script,
                "--port",
                port,
                "--state",
                state,
            ]
            started.append(self._start(f"simulator-{name}", command))
            self.simulators[name] = f"http://127.0.0.1:{port}"
        return started

    def _introduce(self):
        """Tell endpoints and simulators where they find each other."""
        introductions.Introductions(
            self.workspace, self.database, self.url, self.simulators
        ).make()

    def _answers(self):
        try:
            with urllib.request.urlopen(f"{self.url}/web/login", timeout=60) as page:
                return page.status == 200
        except (urllib.error.URLError, OSError):
            return False


def logins(checkout):
    """The demo group's users as its module lists them; admin alone without that module."""
    path = checkout.addons.joinpath(*LOGINS)
    if not path.exists():
        return [{"login": "admin", "password": "admin", "role": "administrator"}]
    return json.loads(path.read_text(encoding="utf-8"))
