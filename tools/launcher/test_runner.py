"""`./mfg test`: pytest in the environment. The database is made by tools/mfg_bootstrap.py."""

import os
import subprocess
import sys

from .environment import clean_environment


def run(checkout, arguments):
    """Run pytest and return its exit code; "no tests ran" is a failure as well."""
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.run(
        command, cwd=checkout.root, env=environment(), check=False
    ).returncode


def environment(**extra):
    """Environment of pytest: what could change Odoo is left out."""
    if os.environ.get("MFG_PG_URL") is None and os.environ.get("PGHOST"):
        extra.update(
            {name: os.environ[name] for name in os.environ if name.startswith("PG")}
        )
    return clean_environment(**extra)
