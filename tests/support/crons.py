"""Scheduled actions of a server: they look once a minute, or when they are called."""

from .waiting import wait_for

PATIENCE = 90


def wait_for_crons(lab, server):
    """Wait until the scheduled actions of a server hear calls: one that comes before is
    answered a minute later."""
    # their connection has committed its LISTEN, and does nothing else
    listening = (
        "SELECT 1 FROM pg_stat_activity WHERE application_name = %s "
        "AND datname = 'postgres' AND state = 'idle' AND query = 'COMMIT'"
    )
    name = f"odoo-{server.process.pid}"
    wait_for(
        lambda: lab.workspace.databases.query(listening, [name]),
        PATIENCE,
        "scheduled actions are listening",
    )


def call_crons(lab, database):
    """Have the scheduled actions looked at now, as they are once a minute anyway."""
    lab.workspace.databases.query(f"NOTIFY cron_trigger, '{database}'")
