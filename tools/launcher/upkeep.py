"""The small verbs: shell, psql, logs, reset, stop, clean, pot."""

import os
import shutil
import signal
import subprocess
import time

from . import modules, postgres, processes, run
from .errors import LauncherError


def shell(workspace):
    """Odoo's Python shell on the demonstration database."""
    name = workspace.demo_database()
    options = workspace.audit_keys.options(name)
    conf = workspace.odoo.write_conf("shell", name, **options)
    command = workspace.odoo.command("shell", "--no-http")
    return subprocess.run(
        command, env=workspace.odoo.environment(conf), check=False
    ).returncode


def psql(workspace, arguments):
    """The program psql on the demonstration database."""
    command = [workspace.server.program("psql"), "-d", workspace.demo_name, *arguments]
    environment = dict(os.environ, **workspace.server.environment())
    return subprocess.run(command, env=environment, check=False).returncode


def logs(checkout):
    """Follow the logs of the services until Ctrl-C."""
    names = ("server.log", "worker.log")
    files = [
        str(checkout.logs / name) for name in names if (checkout.logs / name).exists()
    ]
    files += sorted(str(path) for path in checkout.logs.glob("simulator-*.log"))
    if not files:
        raise LauncherError(
            "There are no logs yet; `./mfg run` writes them.", exit_code=1
        )
    return subprocess.run(["tail", "-n", "20", "-F", *files], check=False).returncode


def reset(workspace):
    """Drop the demonstration database."""
    _refuse_while_running(workspace.checkout)
    workspace.drop(workspace.demo_name)
    workspace.progress.note(
        f"Database {workspace.demo_name} dropped; `./mfg run` makes it anew."
    )


def stop(checkout, progress):
    """Stop what runs for this checkout; what is not ours is left alone."""
    found = run.running(checkout)
    if found:
        os.kill(found["pid"], signal.SIGTERM)
        deadline = time.monotonic() + 30
        while checkout.is_locked(run.LOCK) and time.monotonic() < deadline:
            time.sleep(0.1)
        progress.note(f"Stopped {found['url']}.")
    stopped = [cluster.stop() for cluster in postgres.clusters(checkout)]
    progress.note(
        "PostgreSQL stopped." if any(stopped) else "PostgreSQL was not running."
    )


def clean(checkout, progress):
    """Remove the state folder, and our databases on a given server."""
    stop(checkout, progress)
    if checkout.state.exists():
        shutil.rmtree(checkout.state)
    progress.note(f"Removed {checkout.state}.")


def pot(workspace):
    """Write i18n/<module>.pot of every module of ours.

    Made on a database without demo data, whose names are not for translators.
    """
    own = sorted(modules.ours(workspace.checkout.addons))
    base = workspace.base_template(demo=False)
    name = workspace.clone(base, f"mfg_pot_{os.getpid()}")
    try:
        with workspace.progress.step("Modules without demo data"):
            workspace.install(name, own, demo=False)
        for module in own:
            with workspace.progress.step(module):
                target = workspace.checkout.addons / module / "i18n" / f"{module}.pot"
                target.parent.mkdir(exist_ok=True)
                conf = workspace.odoo.write_conf("pot", name)
                arguments = ["-d", name, f"--modules={module}"]
                arguments += [f"--i18n-export={target}", "--no-http"]
                workspace.odoo.run(conf, arguments, workspace.checkout.logs / "pot.log")
    finally:
        workspace.drop(name)


def _refuse_while_running(checkout):
    found = run.running(checkout)
    if found and processes.alive(found["pid"]):
        raise LauncherError(
            f"{found['url']} is running; `./mfg stop` first.", exit_code=1
        )
