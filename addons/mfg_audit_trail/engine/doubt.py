"""Which field of an event was edited: what it says must fit its neighbours and the record."""

from odoo.tools.sql import table_exists

_NEIGHBOUR = """
    SELECT e.old, e.new
      FROM mfg_audit.event e
     WHERE e.tbl = %(table)s AND e.res_id = %(record)s AND e.id {operator} %(event)s
           AND (e.old ? %(field)s OR e.new ? %(field)s)
  ORDER BY e.id {direction}
     LIMIT 1
"""


def fields_of(cr, event):
    """Names of the fields of an event that contradict the log before or after it, or the
    record as it is now.

    A contradiction shows where two accounts differ; which of them was changed only hashes
    know, so this is asked about events that are not what was sealed.
    """
    cr.execute(
        "SELECT tbl, res_id, old, new FROM mfg_audit.event WHERE id = %s", [event]
    )
    table, record, old, new = cr.fetchone()
    if record is None:
        return []
    live = _live(cr, table, record)
    found = []
    for name in sorted((old or {}).keys() | (new or {}).keys()):
        where = {"table": table, "record": record, "event": event, "field": name}
        cr.execute(_NEIGHBOUR.format(operator="<", direction="DESC"), where)  # pylint: disable=sql-injection
        before = cr.fetchone()
        cr.execute(_NEIGHBOUR.format(operator=">", direction="ASC"), where)  # pylint: disable=sql-injection
        after = cr.fetchone()
        if before and old is not None and (before[1] or {}).get(name) != old.get(name):
            found.append(name)
        elif after and (after[0] or {}).get(name) != (new or {}).get(name):
            found.append(name)
        elif not after and live is not None and new is not None:
            if name in live and live[name] != new.get(name):
                found.append(name)
    return found


def _live(cr, table, record):
    """The record as texts, as the log writes them; None when there is none."""
    if not table_exists(cr, table):
        return None
    cr.execute(  # pylint: disable=sql-injection
        f'SELECT mfg_audit.row_texts(t.*) FROM "{table}" t WHERE t.id = %s', [record]
    )
    row = cr.fetchone()
    return row and row[0]
