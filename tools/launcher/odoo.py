"""Running Odoo: its configuration file, installing, watching its log."""

import collections
import re
import subprocess

from . import processes
from .environment import clean_environment
from .errors import LauncherError

LOADING = re.compile(r"odoo\.modules\.loading: Loading module (\S+) \((\d+/\d+)\)")
COMPLAINT = re.compile(r"^\S+ \S+ \d+ (WARNING|ERROR|CRITICAL) ")
RECORD = re.compile(r"^\d{4}-\d\d-\d\d \S+ \d+ [A-Z]+ ")


class Odoo:
    """Odoo's programs with the suite's add-ons on one PostgreSQL server."""

    def __init__(self, checkout, source, server, python):
        self.checkout = checkout
        self.source = source
        self.server = server
        self.python = str(python)
        self.start = processes.start

    def addons_path(self, ours=True):
        """Value of Odoo's option of that name, with our modules or for a plain Odoo."""
        paths = [*self.source.addons_paths, *([self.checkout.addons] if ours else [])]
        if any("," in str(path) for path in paths):
            raise LauncherError(
                "Odoo cannot read add-ons from a folder with a comma in its name."
            )
        return ",".join(str(path) for path in paths)

    def write_conf(self, name, database, ours=True, **options):
        """Write a configuration file into the state folder and return its path."""
        settings = {
            "addons_path": self.addons_path(ours),
            "data_dir": self.checkout.state / "data",
            "db_host": self.server.host,
            "db_port": self.server.port,
            "db_user": self.server.user,
            "db_password": self.server.password or False,
            "db_name": database,
            "dbfilter": f"^{re.escape(database)}$",
            "list_db": False,
            "http_interface": "127.0.0.1",
            "workers": 0,
            "max_cron_threads": 0,
            **options,
        }
        folder = self.checkout.state / "conf"
        folder.mkdir(exist_ok=True)
        path = folder / f"{name}.conf"
        path.touch(mode=0o600)
        lines = [f"{key} = {value}" for key, value in settings.items()]
        path.write_text("[options]\n" + "\n".join(lines) + "\n")
        return path

    def command(self, *arguments):
        """Command line that starts Odoo."""
        return [self.python, *self.source.entry, *[str(part) for part in arguments]]

    def environment(self, conf=None):
        """Environment of Odoo's processes."""
        extra = dict(self.server.environment(), PYTHONPATH=self.source.home)
        if conf:
            extra["ODOO_RC"] = conf
        return clean_environment(**extra)

    def run(self, conf, arguments, log, progress=None, script=None, check=True):
        """Run Odoo to its end and return (complaints, output lines).

        Complaints are the records of WARNING and above. The log is written to the
        file `log`, progress shows the module being loaded, `script` is fed to stdin.
        Raises LauncherError with the last lines when Odoo fails and `check` is set.
        """
        process = self.start(
            self.command(*arguments),
            env=self.environment(conf),
            stdin=subprocess.PIPE if script else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        complaints, last = [], collections.deque(maxlen=20)
        try:
            if script:
                process.stdin.write(script)
                process.stdin.close()
            with open(log, "w", encoding="utf-8") as sink:
                in_complaint = False
                for line in process.stdout:
                    sink.write(line)
                    last.append(line.rstrip())
                    if RECORD.match(line):
                        in_complaint = bool(COMPLAINT.match(line))
                        if in_complaint:
                            complaints.append(line.rstrip())
                    elif in_complaint:
                        complaints[-1] += "\n" + line.rstrip()
                    loading = progress and LOADING.search(line)
                    if loading:
                        progress.detail(f"module {loading.group(2)} {loading.group(1)}")
            process.wait()
        except BaseException:
            processes.stop(process)
            raise
        if process.returncode and check:
            raise LauncherError(
                f"Odoo failed (exit code {process.returncode}); the whole log is {log}:",
                *last,
            )
        return complaints, list(last)
