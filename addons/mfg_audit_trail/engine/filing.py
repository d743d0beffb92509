"""Files sealed events: from where capture puts them to the place of their class and month.

Beside the business and after the seal, so that neither waits for indexes. PostgreSQL moves
the rows, and its guards see to it that nothing else about them changes.
"""

from odoo.sql_db import db_connect

#: one at a time per database, and none while a month is closed
LOCK = 0x4D464746

_FILE = """
    UPDATE mfg_audit.event e
       SET fresh = false
      FROM mfg_audit.seal s
     WHERE e.fresh AND s.cluster = e.cluster AND s.xid = e.xid
"""


def lock(cr):
    """Keep others from filing until the transaction ends.

    :return: whether nobody else is at it
    """
    cr.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
    return cr.fetchone()[0]


def file(cr):
    """File what is sealed.

    :param cr: cursor in READ COMMITTED, where nobody else can have filed since its snapshot
    :return: number of events; None when somebody else is at it
    """
    if not lock(cr):
        return None
    cr.execute(_FILE)
    return cr.rowcount


def run(dbname):
    """File what is sealed in a transaction of its own.

    :return: as :func:`file`
    """
    with db_connect(dbname).cursor() as cr:
        cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
        return file(cr)
