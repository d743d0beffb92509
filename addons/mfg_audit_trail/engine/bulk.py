"""Migrations of very many rows: one event for each statement instead of one for each row.

For migration scripts, and refused everywhere else: whoever works with the database as the
running system does leaves an event for each row.
"""

import logging
from contextlib import contextmanager

from psycopg2.extensions import TRANSACTION_STATUS_INERROR

from odoo.modules.registry import Registry

from . import baseline, capture, schema

_logger = logging.getLogger(__name__)
_CLASS = "SELECT class FROM mfg_audit.relation WHERE name = %s AND active"
_UPGRADES = """
    SELECT EXISTS (SELECT FROM ir_module_module WHERE state IN ('to install', 'to upgrade'))
"""


class BulkError(Exception):
    """Rows of a table are recorded one by one; the text says why."""


@contextmanager
def summarized(cr, table, reason):
    """Record the statements of a migration about a table as wholes.

    For each statement there is an event with its kind, the number of its rows and a hash of
    them; two more tell when this began, why, and when it ended. What the log said of rows
    before is not compared with the table any more. Where the table is not captured nothing
    happens; where somebody switched its triggers off, and nobody has answered for that yet,
    rows stay recorded one by one.

    :param cr: cursor of the migration script; what the ORM has not written yet is flushed
        by the caller
    :param str table: name of the table
    :param str reason: for those who read the log later
    :raises BulkError: no module of this database is being installed or upgraded, or there
        is no reason
    """
    if not (reason or "").strip():
        raise BulkError(f"say why rows of {table} are not recorded one by one")
    if not _is_upgrading(cr):
        raise BulkError(
            f"rows of {table} are recorded one by one, unless a migration script changes"
            " them while Odoo installs or upgrades its module"
        )
    retention = _retention(cr, table)
    if retention and table in baseline.changed(cr):
        _logger.info("%s: triggers were switched off, rows are recorded", table)
        retention = None
    if not retention:
        yield
        return
    rows, statements = {"capture": "rows"}, {"capture": "statements"}
    baseline.record(
        cr,
        table,
        retention,
        baseline.CONFIGURATION,
        rows,
        {**statements, "reason": reason},
    )
    capture.by_statement(cr, table)
    try:
        yield
    finally:
        # After an error of the database all this is taken back with the transaction.
        if cr.connection.get_transaction_status() != TRANSACTION_STATUS_INERROR:
            capture.by_row(cr, table)
            baseline.begin_anew(cr, table)
            baseline.record(
                cr, table, retention, baseline.CONFIGURATION, statements, rows
            )


def _is_upgrading(cr):
    registry = Registry(cr.dbname)
    if registry.ready:
        return False
    cr.execute(_UPGRADES)
    return cr.fetchone()[0] or bool(registry.updated_modules)


def _retention(cr, table):
    """The retention class of a captured table, None of others."""
    if not schema.has_partition(cr, "relation"):
        return None
    cr.execute(_CLASS, [table])
    return next((retention for (retention,) in cr.fetchall()), None)
