"""Environment variables that child processes get."""

import os

# Docker images and shells set these; Odoo's tools take some of them for database settings.
LEAKING = (
    "HOST",
    "PORT",
    "USER",
    "PASSWORD",
    "ODOO_RC",
    "OPENERP_SERVER",
    "PYTHONPATH",
)


def clean_environment(**extra):
    """The environment without what would change Odoo, PostgreSQL or Python."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in LEAKING and not name.startswith("PG")
    }
    kept["PYTHONUNBUFFERED"] = "1"
    kept.update({name: str(value) for name, value in extra.items()})
    return kept
