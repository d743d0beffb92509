"""`./mfg test`: pytest in the environment. The database is made by tools/mfg_bootstrap.py."""

import os
import subprocess
import sys

from .environment import clean_environment

PROCESSES = 4


def run(checkout, arguments):
    """Run pytest and return its exit code; "no tests ran" is a failure as well.

    All tests are shared out to several processes; a selection runs in one, which starts
    sooner, unless the arguments ask for more (`-n 2`).
    """
    command = [sys.executable, "-m", "pytest", *(arguments or shared_out())]
    return subprocess.run(
        command, cwd=checkout.root, env=environment(), check=False
    ).returncode


def shared_out(by="loadscope"):
    """Arguments of pytest that share tests out to as many processes as pay here.

    :param by: by default a class keeps its set-up in one process
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    if cores < 2:
        return []
    return ["-n", str(min(cores, PROCESSES)), "--dist", by]


def environment(**extra):
    """Environment of pytest: what could change Odoo is left out."""
    if os.environ.get("MFG_PG_URL") is None and os.environ.get("PGHOST"):
        extra.update(
            {name: os.environ[name] for name in os.environ if name.startswith("PG")}
        )
    return clean_environment(**extra)
