"""How captured tables are meant to look, and what happened to them behind our back."""

import json

from psycopg2.extras import Json

_NOW = """
    SELECT r.name, r.class, (
               SELECT string_agg(t.oid || ':' || t.xmin, ' ' ORDER BY t.tgname)
                 FROM pg_trigger t
                WHERE t.tgrelid = r.oid AND t.tgname LIKE 'mfg\\_audit\\_capture%%') AS triggers, (
               SELECT jsonb_object_agg(a.attname, format_type(a.atttypid, a.atttypmod))
                 FROM pg_attribute a
                WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
           b.triggers, b.columns
      FROM mfg_audit.relation r
 LEFT JOIN mfg_audit.baseline b ON b.name = r.name
     WHERE r.active AND EXISTS (SELECT FROM pg_class c WHERE c.oid = r.oid)
"""
_APPEND = """
    SELECT mfg_audit.append(jsonb_populate_record(NULL::mfg_audit.event, %s))
"""
#: columns of the table were added, dropped or got another type
SCHEMA = "S"
#: the trail itself was set up in another way
CONFIGURATION = "C"
#: what an event is about that is about no table
TRAIL = "mfg_audit_trail"
#: a migration changed very many rows with one statement, which is recorded as a whole
BULK = "B"
#: for a while changes of the table were not captured
GAP = "G"
#: the clock of the server was set back; numbers of events still tell their order
CLOCK = "K"


def renew(cr, before, repaired):
    """Note how captured tables look now, and record in the log what changed about them.

    Triggers that somebody switched off and on again stay a finding until they are
    acknowledged; those that had to be made again are recorded as a gap.

    :param before: names of the tables that were captured before
    :param repaired: names of those whose triggers had to be made
    """
    cr.execute(_NOW)
    for name, retention, triggers, columns, known, were in cr.fetchall():
        if known is None or name not in before:
            cr.execute(
                """
                INSERT INTO mfg_audit.baseline AS b (name, triggers, columns, since)
                VALUES (%s, %s, %s, nextval('mfg_audit.event_id_seq'))
                    ON CONFLICT (name) DO UPDATE
                   SET triggers = excluded.triggers, columns = excluded.columns,
                       since = excluded.since
                """,
                [name, triggers, Json(columns)],
            )
            continue
        if name in repaired:
            record(
                cr, name, retention, GAP, {"triggers": known}, {"triggers": triggers}
            )
            _set(cr, name, "triggers", triggers)
        if columns != were:
            changed = {
                each
                for each in columns.keys() | were.keys()
                if columns.get(each) != were.get(each)
            }
            record(
                cr,
                name,
                retention,
                SCHEMA,
                {each: were[each] for each in changed & were.keys()},
                {each: columns[each] for each in changed & columns.keys()},
            )
            _set(cr, name, "columns", Json(columns))


def changed(cr):
    """Names of the tables whose triggers are others than they were."""
    cr.execute(_NOW)
    return [
        name
        for name, _class, triggers, _columns, known, _were in cr.fetchall()
        if known is not None and triggers != known
    ]


def acknowledge(cr, reason):
    """Take the triggers as they are for right from now on, and record that as a gap.

    :param str reason: for those who read the log later
    :return: names of the tables it was about
    """
    cr.execute(_NOW)
    found = []
    for name, retention, triggers, _columns, known, _were in cr.fetchall():
        if known is not None and triggers != known:
            now = {"triggers": triggers, "reason": reason}
            record(cr, name, retention, GAP, {"triggers": known}, now)
            _set(cr, name, "triggers", triggers)
            found.append(name)
    return found


def begin_anew(cr, name):
    """Take the triggers of a table as they are, and compare its rows with what is recorded
    from now on only."""
    cr.execute(_NOW)
    triggers = {each: now for each, _class, now, *_rest in cr.fetchall()}
    _set(cr, name, "triggers", triggers[name])
    cr.execute(
        "UPDATE mfg_audit.baseline SET since = nextval('mfg_audit.event_id_seq') "
        "WHERE name = %s",
        [name],
    )


def record(cr, name, retention, operation, old, new):
    """Append an event that is not about a row.

    :param name: table it is about
    :param operation: letter of the event
    """
    event = {
        "class": retention,
        "tbl": name,
        "op": operation,
        "links": [],
        "old": old,
        "new": new,
    }
    cr.execute(_APPEND, [json.dumps(event)])


def _set(cr, name, column, value):
    cr.execute(  # pylint: disable=sql-injection
        f"UPDATE mfg_audit.baseline SET {column} = %s WHERE name = %s", [value, name]
    )
