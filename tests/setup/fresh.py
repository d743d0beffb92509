"""A fresh clone of this repository on a machine that has nothing of ours yet."""

import os
import pwd
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

import psutil
from launcher import python_env
from launcher.checkout import Checkout

READY = "The manufacturing group is ready"
# Seconds for a whole first run: only EN-01 judges how long it takes.
PATIENCE = 1800
LOADED = re.compile(r"Module (\S+) loaded in ([\d.]+)s")
# Of the environment only this reaches the launcher: all else could be a hidden help.
KEPT = (
    "LANG",
    "LC_ALL",
    "TERM",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NO_PROXY",
    "no_proxy",
)
PROXIES = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")


class Fresh:
    """A clone in a folder of its own, with an empty home and empty caches.

    :param folder: new folder for the clone, the home and the caches
    :param source: Odoo source to offer, None for a machine without one
    :param user: account that runs the launcher, None for the present one
    :param name: name of the clone's folder
    """

    def __init__(self, folder, source=None, user=None, name="mfg"):
        self.folder = folder
        self.root = folder / name
        self.home = folder / "home"
        self.user = user
        self.home.mkdir(parents=True)
        origin = Checkout.here().root
        subprocess.run(
            [
                "git",
                "clone",
                "-q",
                "--no-hardlinks",
                f"file://{origin}",
                str(self.root),
            ],
            check=True,
        )
        self.environment = {
            name: os.environ[name] for name in KEPT if name in os.environ
        }
        self.environment.update(
            HOME=str(self.home),
            XDG_CACHE_HOME=str(folder / "cache"),
            PATH=os.environ["PATH"] if user is None else "/usr/local/bin:/usr/bin:/bin",
            **package_index(),
        )
        self.environment.update(
            {name: os.environ[name] for name in PROXIES if name in os.environ}
        )
        if source and user is None:
            # Where a former `./mfg` of this user would have put it.
            cache = folder / "cache" / "mfg" / "odoo-17.0"
            cache.parent.mkdir(parents=True)
            cache.symlink_to(source)
        elif source:
            self.environment["ODOO_HOME"] = str(source)
        if user:
            account = pwd.getpwnam(user)
            for path in (folder, *folder.rglob("*")):
                os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)

    @property
    def state(self):
        """State folder that the launcher uses for this clone."""
        if self.user or os.geteuid() != 0:
            return self.root / ".mfg"
        answer = subprocess.run(
            [
                "python3",
                "-c",
                "from launcher.checkout import Checkout; print(Checkout.here().state)",
            ],
            env=dict(self.environment, PYTHONPATH=str(self.root / "tools")),
            capture_output=True,
            text=True,
            check=True,
        )
        return Path(answer.stdout.strip())

    def start(self, *arguments, **environment):
        """Start `./mfg *arguments` from another folder."""
        return Launched(self, arguments, environment)

    def call(self, *arguments, timeout, **environment):
        """Run `./mfg *arguments` to its end and return it."""
        launched = self.start(*arguments, **environment)
        launched.wait(timeout)
        return launched

    def complaints(self):
        """Lines of WARNING and above in every log of the launcher."""
        return [
            f"{path.name}: {line}"
            for path in sorted((self.state / "logs").glob("*.log"))
            for line in path.read_text(errors="replace").splitlines()
            if any(f" {level} " in line for level in ("WARNING", "ERROR", "CRITICAL"))
        ]

    def seconds_of_odoo(self):
        """How long Odoo's own modules took to install, without ours."""
        own = {path.parent.name for path in self.root.glob("addons/*/__manifest__.py")}
        return sum(
            float(seconds)
            for path in (self.state / "logs").glob("install-*.log")
            for module, seconds in LOADED.findall(path.read_text(errors="replace"))
            if module not in own
        )

    def processes(self):
        """Processes that belong to this clone, PostgreSQL left out."""
        marks = (str(self.root), str(self.state))
        found = []
        for process in psutil.process_iter(["cmdline", "name"]):
            line = " ".join(process.info["cmdline"] or ())
            if (
                any(mark in line for mark in marks)
                and process.info["name"] != "postgres"
            ):
                found.append(line)
        return found

    def databases(self):
        """{name: what the launcher recorded} of the clone's own cluster."""
        from launcher.databases import Databases
        from launcher.postgres import Cluster

        server = Cluster(Checkout(self.root, self.state)).server()
        if server is None:
            return {}
        databases = Databases(server)
        return {name: databases.meta(name) for name in databases.names()}

    def remove(self):
        """Stop and remove everything of this clone."""
        if self.root.exists():
            self.call("clean", timeout=60)
        subprocess.run(["rm", "-rf", str(self.folder)], check=True)


class Launched:
    """A running `./mfg`, its output read in the background."""

    def __init__(self, fresh, arguments, environment):
        options = {}
        if fresh.user:
            account = pwd.getpwnam(fresh.user)
            options = {
                "user": account.pw_uid,
                "group": account.pw_gid,
                "extra_groups": [],
            }
        command = [str(fresh.root / "mfg"), *arguments]
        python = environment.pop("python", None)
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [python, *command] if python else command,
            cwd="/",
            env={**fresh.environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            # Shells start background jobs, such as CI runs, with Ctrl-C ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            **options,
        )
        self.lines = []
        self._grown = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def output(self):
        """What was printed so far."""
        return "".join(self.lines)

    @property
    def code(self):
        """Exit code, None while it runs."""
        return self.process.poll()

    def wait_for(self, text, timeout):
        """Wait until `text` was printed; returns the seconds since the start."""
        deadline = time.monotonic() + timeout
        with self._grown:
            while text not in self.output:
                left = deadline - time.monotonic()
                assert left > 0, f"no {text!r} within {timeout} s:\n{self.output}"
                assert self._reader.is_alive(), (
                    f"ended without {text!r}:\n{self.output}"
                )
                self._grown.wait(min(left, 1))
        return time.monotonic() - self.started

    def wait(self, timeout):
        """Wait for the end; returns the seconds it took."""
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(
                f"not finished after {timeout} s:\n{self.output}"
            ) from None
        self._reader.join(5)
        return time.monotonic() - self.started

    def interrupt(self, number=signal.SIGINT):
        """Send a signal, Ctrl-C by default, and wait for the end."""
        self.process.send_signal(number)
        return self.wait(30)

    def url(self):
        """Address that was printed."""
        line = next(line for line in self.lines if READY in line)
        return line.split()[-1]

    def logins(self):
        """(login, password) pairs that were printed."""
        after = self.output.split(READY, 1)[1].splitlines()
        rows = [line.split() for line in after if line.startswith("    ")]
        return [(row[0], row[1]) for row in rows if row and row[0] != "simulated"]

    def _read(self):
        for line in self.process.stdout:
            with self._grown:
                self.lines.append(line)
                self._grown.notify_all()
        with self._grown:
            self._grown.notify_all()


def package_index():
    """The package index configured for this user, as variables: the new home has no files."""
    names = ("index-url", "extra-index-url", "find-links", "trusted-host", "cert")
    settings = {name: python_env.setting(name, "") for name in names}
    return {
        "PIP_" + name.upper().replace("-", "_"): value
        for name, value in settings.items()
        if value
    }
