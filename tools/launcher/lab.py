"""What benchmarks and fault tests work with: real processes on a durable cluster."""

import os
import platform
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from . import network, postgres, processes, setup, warm
from .databases import COMPLETE
from .environment import clean_environment
from .services import Service
from .workspace import Workspace


def open_lab(checkout, progress, quick=False, database=None, warmed=False):
    """A laboratory whose databases are clones of the suite template, or of `database`.

    The template is made on the quick cluster and carried over, so nothing is installed
    with fsync switched on.

    :param bool warmed: Odoo's processes are forked from one that has read the code already
    """
    durable = setup.open_workspace(checkout, progress, durable=True)
    if database:
        return Lab(durable, database, quick, warmed)
    if postgres.given():
        return Lab(durable, durable.suite_template(), quick, warmed)
    origin = setup.open_workspace(checkout, progress)
    template = origin.suite_template()
    with checkout.lock("carry", "Waiting for another ./mfg that carries it over …"):
        if (durable.databases.meta(template) or {}).get("state") != COMPLETE:
            with progress.step("Carrying the template over to the durable cluster"):
                durable.receive(origin, template)
    return Lab(durable, template, quick, warmed)


class Lab:
    """Databases, processes and measurements; `close()` removes what was made."""

    def __init__(self, workspace, template, quick, warmed=False):
        self.workspace = workspace
        self.template = template
        self.quick = quick
        self.folder = Path(tempfile.mkdtemp(prefix="mfg-lab-"))
        self._databases = []
        self._prepared = {}
        self._services = []
        if warmed and warm.available():
            workspace.odoo.start = warm.Warm(workspace.odoo, self._modules()).start

    def _modules(self):
        rows = self.workspace.databases.query(
            "SELECT name FROM ir_module_module WHERE state = 'installed' ORDER BY id",
            database=self.template,
        )
        return [name for (name,) in rows]

    @property
    def root(self):
        """Folder of the checkout."""
        return self.workspace.checkout.root

    @property
    def python(self):
        """Interpreter that can import odoo and the packages of requirements.lock."""
        return self.workspace.odoo.python

    def settings(self):
        """{"fsync", "synchronous_commit", "version"} of the server that is used."""
        show = self.workspace.databases.query
        names = ("fsync", "synchronous_commit", "server_version")
        return {name: show(f"SHOW {name}")[0][0] for name in names}

    def machine(self):
        """What the figures were measured on."""
        return {
            "processor": _processor(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "idle": round(idle_share(), 2),
            **self.settings(),
        }

    def database(self, label="db"):
        """Name of a fresh clone of the template."""
        name = f"mfg_lab_{os.getpid()}_{label}"
        self.workspace.clone(self.template, name)
        self._databases.append(name)
        return name

    def prepared(self, label, prepare):
        """A fresh clone of a database that is made ready once for all who ask for it.

        :param prepare: called with its name; what it returns comes along
        :return: (name of the clone, what `prepare` returned)
        """
        if label not in self._prepared:
            origin = self.database(f"{label}_prepared")
            result = prepare(origin)
            self._databases.remove(origin)  # it outlives the test that needed it first
            self._prepared[label] = (origin, result)
        origin, result = self._prepared[label]
        name = f"mfg_lab_{os.getpid()}_{label}"
        self.workspace.clone(origin, name)
        self._databases.append(name)
        return name, result

    def copy(self, database, label):
        """Name of a copy of a database that knows nothing of being one, as somebody with
        PostgreSQL's own tools makes it."""
        name = f"mfg_lab_{os.getpid()}_{label}"
        self.workspace.databases.create(
            name, {"state": COMPLETE, "pid": os.getpid()}, database
        )
        self._databases.append(name)
        return name

    def restored(self, database, label):
        """Name of a database that a dump of another was read into, as a backup is."""
        name = f"mfg_lab_{os.getpid()}_{label}"
        self._databases.append(name)
        return self.workspace.restore(database, name)

    def connect(self, database):
        """A psycopg2 connection in autocommit."""
        return self.workspace.databases.connect(database)

    def dsn(self, database):
        """Keyword arguments for psycopg2.connect()."""
        server = self.workspace.server
        return {
            "host": server.host,
            "port": server.port,
            "user": server.user,
            "password": server.password or None,
            "dbname": database,
        }

    def conf(self, database, **options):
        """Path of an Odoo configuration file for the database."""
        options.setdefault("http_port", network.free_port())
        options.setdefault("gevent_port", network.free_port())
        return self.workspace.odoo.write_conf(f"lab-{database}", database, **options)

    def start_odoo(self, name, conf, *arguments, under=()):
        """Start `odoo-bin *arguments` and return it as a Service.

        :param under: script with its arguments that runs odoo-bin in its turn
        """
        odoo = self.workspace.odoo
        python, *command = odoo.command(*arguments)
        return self._serve(
            name, [python, *under, *command], odoo.environment(conf), odoo.start
        )

    def start(self, name, command, **environment):
        """Start any command as a Service, ended by `close()` at the latest."""
        return self._serve(
            name, command, environment or clean_environment(), processes.start
        )

    def _serve(self, name, command, environment, start):
        # A process that is started again keeps the log of its predecessor apart.
        log = self.folder / f"{name}-{len(self._services)}.log"
        service = Service(name, command, log, environment, start)
        self._services.append(service)
        return service

    def odoo_environment(self, conf):
        """Environment for a Python process that imports odoo itself."""
        return self.workspace.odoo.environment(conf)

    def script(self, database, code):
        """Run Python code in Odoo's shell; returns the WARNING and ERROR records of the log."""
        return self.workspace.script(database, code)

    def free_port(self):
        """A free port chosen by the kernel."""
        return network.free_port()

    @contextmanager
    def apart(self):
        """A laboratory on a server of its own, to be crashed: (laboratory, its cluster)."""
        checkout, progress = self.workspace.checkout, self.workspace.progress
        cluster = postgres.Cluster(checkout, durable=True, name=postgres.CRASHED)
        with checkout.lock(
            "crash", "Waiting for another ./mfg that crashes PostgreSQL …"
        ):
            server = cluster.ensure(progress)
            workspace = Workspace(checkout, self.workspace.source, server, progress)
            workspace.odoo.start = self.workspace.odoo.start
            workspace.databases.drop_abandoned()
            if (workspace.databases.meta(self.template) or {}).get("state") != COMPLETE:
                workspace.receive(
                    self.workspace, self.template, source=self.database("carried")
                )
            lab = Lab(workspace, self.template, self.quick)
            try:
                yield lab, cluster
            finally:
                lab.close()
                cluster.stop()

    def reset(self):
        """End the processes and drop the databases."""
        while self._services:
            processes.stop(self._services.pop().process)
        while self._databases:
            self.workspace.drop(self._databases.pop())

    def close(self):
        """Reset, and remove what was prepared and the files."""
        self.reset()
        while self._prepared:
            self.workspace.drop(self._prepared.popitem()[1][0])
        shutil.rmtree(self.folder, ignore_errors=True)


def idle_share(seconds=1.0):
    """Share of the machine that is idle over a short while, 0 to 1."""
    try:
        before = _cpu_times()
        time.sleep(seconds)
        after = _cpu_times()
    except OSError:
        return 1.0 - min(1.0, os.getloadavg()[0] / os.cpu_count())
    spent = [new - old for new, old in zip(after, before, strict=True)]
    return (spent[3] + spent[4]) / max(1, sum(spent))


def _cpu_times():
    with open("/proc/stat", encoding="ascii") as source:
        return [int(value) for value in source.readline().split()[1:9]]


def _processor():
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        return next(
            line.split(":", 1)[1].strip()
            for line in text.splitlines()
            if line.startswith("model name")
        )
    except (OSError, StopIteration):
        answer = subprocess.run(
            ["uname", "-m"], capture_output=True, text=True, check=False
        )
        return answer.stdout.strip()
