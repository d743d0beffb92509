"""Getting from a clone to a workspace: Odoo source, Python packages, PostgreSQL."""

import os
import sys
from pathlib import Path

from . import odoo_source, python_env


def ensure_environment(checkout, progress):
    """The Odoo source and the virtual environment, fetched and made if need be.

    What cannot be had is found out before anything is made.
    """
    source = odoo_source.locate(checkout.root)
    if source is None:
        odoo_source.check_fetchable()
    if not python_env.is_ready(checkout):
        python_env.check_buildable()
    checkout.prepare()
    source = source or odoo_source.fetch(checkout.root, progress)
    odoo_source.check_complete(source, checkout.root)
    python_env.ensure(checkout, progress)
    python_env.add_odoo(checkout, source)
    return source


def enter_environment(checkout, progress, arguments):
    """Continue in the interpreter of the virtual environment; returns once inside it."""
    if inside(checkout):
        return
    source = ensure_environment(checkout, progress)
    python = str(python_env.python_of(checkout))
    environment = dict(os.environ, ODOO_HOME=str(source.home))
    sys.stdout.flush()
    os.execve(python, [python, str(checkout.root / "mfg"), *arguments], environment)


def open_workspace(checkout, progress, durable=False):
    """A workspace whose PostgreSQL server runs; only inside the environment."""
    from . import postgres
    from .workspace import Workspace

    source = odoo_source.locate(checkout.root)
    server = postgres.ensure(checkout, progress, durable)
    return Workspace(checkout, source, server, progress)


def inside(checkout):
    """Whether this interpreter is that of the virtual environment."""
    return Path(sys.prefix).resolve() == checkout.venv.resolve()
