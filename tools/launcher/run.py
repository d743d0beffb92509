"""`./mfg run`: the demo group on a login page."""

import json
import os
import signal
import time
import webbrowser

from .errors import LauncherError
from .services import Services

LOCK = "run"


def run(workspace, port=None, interface="127.0.0.1", open_browser=False, started=None):
    """Serve the demonstration database until Ctrl-C or until a service ends by itself.

    Raises LauncherError when this checkout is being served already.
    """
    checkout = workspace.checkout
    found = running(checkout)
    if found:
        raise LauncherError(
            f"Already running at {found['url']} (process {found['pid']}).",
            "`./mfg stop` stops it.",
            exit_code=1,
        )
    with checkout.lock(LOCK, "Waiting for another ./mfg run …"):
        database = workspace.demo_database()
        services = Services(workspace, database, port, interface)
        _record(checkout).write_text(
            json.dumps({"pid": os.getpid(), "url": services.url})
        )
        try:
            services.start()
            _announce(services, started)
            if open_browser:
                webbrowser.open(services.url)
            ended = services.watch()
            raise LauncherError(
                f"{ended.name} stopped by itself; see {ended.log}:", *ended.tail()
            )
        finally:
            # A second Ctrl-C must not leave half of them behind.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            services.stop()
            _record(checkout).unlink(missing_ok=True)


def running(checkout):
    """{"pid", "url"} of the launcher that serves this checkout, None without one."""
    try:
        return (
            json.loads(_record(checkout).read_text())
            if checkout.is_locked(LOCK)
            else None
        )
    except (OSError, ValueError):
        return None


def _record(checkout):
    return checkout.state / "run.json"


def _announce(services, started):
    took = f" after {time.time() - started:.1f} s" if started else ""
    logins = services.logins()
    width = max(len(entry["login"]) for entry in logins)
    lines = ["", f"  The manufacturing group is ready{took}:  {services.url}", ""]
    for entry in logins:
        lines.append(
            f"    {entry['login']:<{width}}  {entry['password']:<{width}}  {entry['role']}"
        )
    for name, address in services.simulators.items():
        lines.append(f"    simulated system {name}: {address}")
    lines += [
        "",
        "  Ctrl-C stops it; PostgreSQL stays for a quick next start (`./mfg stop`).",
        "",
    ]
    print("\n".join(lines), flush=True)
