"""A real Odoo server, queue worker and simulator on a database of their own.

What a test transaction never commits no other process can see, so the flows across
processes run against a clone of the suite template instead.
"""

import os
import signal

from launcher import network, processes, setup
from launcher.checkout import Checkout
from launcher.progress import Progress
from launcher.services import Service

from .json_rpc import ask
from .simulator import Simulator

START_SECONDS = 60


class Stack:
    """The processes of one flow test module.

    :param str name: tells the databases of several stacks apart
    :param folder: for logs and the simulator's state
    :param options: of ``odoo.conf``, for every process
    """

    def __init__(self, name, folder, **options):
        self.folder = folder
        self._options = options
        checkout = Checkout.here()
        checkout.prepare()
        self.workspace = setup.open_workspace(checkout, Progress())
        self.database = self.workspace.clone(
            self.workspace.suite_template(), f"mfg_test_{name}_{os.getpid()}"
        )
        self.simulator = Simulator("mes.py", folder / "mes")
        self.server = None
        self.worker = None
        self._confs = []
        self._uids = {}

    def close(self):
        """Stop every process and drop the database."""
        for service in (self.worker, self.server):
            if service:
                processes.stop(service.process)
        self.simulator.stop()
        self.workspace.drop(self.database)
        for conf in self._confs:
            conf.unlink(missing_ok=True)

    # Processes

    def start_server(self, cron_threads=0):
        """Start (or restart) Odoo's server and wait until it answers."""
        if self.server:
            processes.stop(self.server.process)
        port = network.free_port()
        conf = self._conf(
            "server",
            http_port=port,
            gevent_port=network.free_port(),
            max_cron_threads=cron_threads,
        )
        self.server = self._start("server", self.workspace.odoo.command(), conf)
        self.url = f"http://127.0.0.1:{port}"
        self.server.wait_until(
            lambda: self.server.has_logged("HTTP service (werkzeug) running"),
            START_SECONDS,
        )

    def start_worker(self):
        """Start the queue's worker and wait until it listens."""
        command = self.workspace.odoo.command(
            "mfg_integration_worker", "-d", self.database
        )
        self.worker = self._start("worker", command, self._conf("worker"))
        self.worker.wait_until(
            lambda: self.worker.has_logged("mfg_integration_worker ready"),
            START_SECONDS,
        )

    def stop_worker(self):
        """Let the worker drain and end."""
        processes.stop(self.worker.process, START_SECONDS)
        self.worker = None

    def kill_worker(self):
        """End the worker as the kernel does when memory runs out."""
        self.worker.process.send_signal(signal.SIGKILL)
        self.worker.process.wait()
        self.worker = None

    def _conf(self, name, **options):
        conf = self.workspace.odoo.write_conf(
            f"{self.database}-{name}", self.database, **self._options, **options
        )
        self._confs.append(conf)
        return conf

    def _start(self, name, command, conf):
        return Service(
            name,
            command,
            self.folder / f"{name}.log",
            self.workspace.odoo.environment(conf),
        )

    # What people and programs do

    def rpc(self, login, model, method, *arguments, **options):
        """Call a public method over JSON-RPC as one of the demo group's people.

        :param str login: its password is the same
        :raise RemoteError: the server answered with an error; its text is the message
        """
        if login not in self._uids:
            self._uids[login] = self._call(
                "common", "authenticate", self.database, login, login, {}
            )
            assert self._uids[login], f"{login} cannot log in"
        return self._call(
            "object",
            "execute_kw",
            self.database,
            self._uids[login],
            login,
            model,
            method,
            arguments,
            options,
        )

    def _call(self, service, method, *arguments):
        return ask(self.url, service, method, *arguments, timeout=START_SECONDS)

    def ref(self, xmlid):
        """Return the database id behind an external id."""
        module, name = xmlid.split(".")
        (row,) = self.rpc(
            "admin",
            "ir.model.data",
            "search_read",
            [("module", "=", module), ("name", "=", name)],
            ["res_id"],
        )
        return row["res_id"]

    def script(self, code):
        """Run Python code in Odoo's shell; it has to commit."""
        _complaints, lines = self.workspace.odoo.run(
            self._conf("shell"),
            ("shell", "--no-http"),
            self.folder / "shell.log",
            script=code,
        )
        assert not any("Traceback" in line for line in lines), "\n".join(lines)

    def command(self, name, *arguments):
        """Run one of Odoo's commands to its end; return its last lines.

        :raises LauncherError: it did not end with 0
        """
        _complaints, lines = self.workspace.odoo.run(
            self._conf(name),
            (*arguments, "-d", self.database),
            self.folder / f"{name}.log",
        )
        return lines

    def query(self, statement, parameters=()):
        """Return the rows of a statement, past Odoo."""
        return self.workspace.databases.query(statement, parameters, self.database)
