"""What the log holds of some records, and what records were called at the time.

Straight from the tables of the log: at a million events the record's index is what keeps a
timeline fast, and a view of an Odoo model would hide it. Events that are not filed yet have
no index; so they are asked for apart, all at once.
"""

_COLUMNS = """
    e.id, e.cluster, e.xid, e.ts, e.tbl, e.op::text AS op, e.res_id, e.eff_uid,
    e.company_id, e.links, e.reason, e.old, e.new
"""
#: what may have been about the record, and tells of no record
_WHOLE_TABLE = """
    (e.tbl = ANY(%(tables)s) AND e.res_id IS NULL AND e.op IN ('B', 'T'))
"""
_EVENTS = f"""
    WITH found AS MATERIALIZED (
        SELECT {_COLUMNS}
          FROM unnest(%(tables)s::text[], %(ids)s::bigint[]) AS k (tbl, id)
          JOIN mfg_audit.event e ON NOT e.fresh AND e.tbl = k.tbl AND e.res_id = k.id
     UNION
        SELECT {_COLUMNS}
          FROM mfg_audit.event e
         WHERE NOT e.fresh AND e.links && %(links)s::text[]
     UNION
        SELECT {_COLUMNS}
          FROM mfg_audit.event e
         WHERE NOT e.fresh AND {_WHOLE_TABLE}
     UNION
        SELECT {_COLUMNS}
          FROM mfg_audit.event e
         WHERE e.fresh AND (
                   e.links && %(links)s::text[] OR (e.tbl, e.res_id) IN (
                       SELECT * FROM unnest(%(tables)s::text[], %(ids)s::bigint[]))
                   OR {_WHOLE_TABLE})
    ), page AS (
        SELECT cluster, xid, MAX(id) AS last
          FROM found
         WHERE op = ANY(%(operations)s)
           AND (company_id IS NULL OR company_id = ANY(%(companies)s))
           AND (%(since)s::timestamp IS NULL OR ts >= %(since)s::timestamp AT TIME ZONE 'UTC')
           AND (%(until)s::timestamp IS NULL OR ts < %(until)s::timestamp AT TIME ZONE 'UTC')
      GROUP BY cluster, xid
        HAVING %(before)s::bigint IS NULL OR MAX(id) < %(before)s
      ORDER BY last DESC
         LIMIT %(limit)s
    ), header AS MATERIALIZED (
        SELECT page.*, t.login_uid, t.origin, t.request, t.context,
               t.db_user::text AS db_user, host(t.client_addr) AS client,
               receipt.mac IS NOT NULL AS attested
          FROM page
          JOIN mfg_audit.tx t ON t.cluster = page.cluster AND t.xid = page.xid
     LEFT JOIN mfg_audit.receipt ON receipt.cluster = t.cluster AND receipt.xid = t.xid
    )
    SELECT f.*, f.ts AT TIME ZONE 'UTC' AS date, h.last, r.model, h.login_uid, h.origin,
           h.request, h.context, h.db_user, h.client, h.attested
      FROM header h
      JOIN found f ON f.cluster = h.cluster AND f.xid = h.xid
 LEFT JOIN mfg_audit.relation r ON r.name = f.tbl
     WHERE f.op = ANY(%(operations)s)
       AND (f.company_id IS NULL OR f.company_id = ANY(%(companies)s))
  ORDER BY h.last DESC, f.id
"""
#: of records with very many events the newest are looked through for names
_NAMES = """
      WITH k AS (
           SELECT *
             FROM unnest(%(tables)s::text[], %(ids)s::bigint[], %(columns)s::text[])
                  AS k (tbl, id, name))
    SELECT k.tbl, k.id, e.event, e.was, e.is_now
      FROM k
CROSS JOIN LATERAL (
           SELECT e.id AS event, e.old ->> k.name AS was, e.new ->> k.name AS is_now
             FROM mfg_audit.event e
            WHERE NOT e.fresh AND e.tbl = k.tbl AND e.res_id = k.id
              AND (jsonb_exists(e.old, k.name) OR jsonb_exists(e.new, k.name))
              AND (e.company_id IS NULL OR e.company_id = ANY(%(companies)s))
         ORDER BY e.ts DESC
            LIMIT 100) e
 UNION ALL
    SELECT k.tbl, k.id, e.id, e.old ->> k.name, e.new ->> k.name
      FROM k
      JOIN mfg_audit.event e ON e.fresh AND e.tbl = k.tbl AND e.res_id = k.id
       AND (jsonb_exists(e.old, k.name) OR jsonb_exists(e.new, k.name))
       AND (e.company_id IS NULL OR e.company_id = ANY(%(companies)s))
  ORDER BY event
"""
_LINES = """
    SELECT DISTINCT res_id
      FROM mfg_audit.event
     WHERE links && %(links)s::text[] AND tbl = %(table)s AND res_id IS NOT NULL
"""
_PROPERTIES = """
    SELECT DISTINCT ON (res_id) res_id, COALESCE(new, old) ->> 'fields_id' AS field
      FROM mfg_audit.event
     WHERE tbl = 'ir_property' AND res_id = ANY(%s)
       AND jsonb_exists(COALESCE(new, old), 'fields_id')
"""


def events(cr, keys, companies, operations, limit, before=None, since=None, until=None):
    """Events of records and of what belonged to them, whole transactions, newest first.

    :param keys: (table, id) of the records
    :param companies: ids; events of other companies are left out
    :param operations: letters of the operations that are of interest
    :param int limit: at most so many transactions
    :param int before: only transactions older than the one with this last event
    :param since: from this moment on (UTC)
    :param until: before this moment (UTC)
    :return: list of dicts
    """
    keys = list(keys)
    cr.execute(
        _EVENTS,
        {
            "tables": [table for table, _id in keys],
            "ids": [res_id for _table, res_id in keys],
            "links": [f"{table}:{res_id}" for table, res_id in keys],
            "companies": list(companies),
            "operations": list(operations),
            "limit": limit,
            "before": before,
            "since": since,
            "until": until,
        },
    )
    return cr.dictfetchall()


def lines(cr, keys, table):
    """Ids of the rows of a table that ever belonged to one of the records."""
    links = [f"{owner}:{res_id}" for owner, res_id in keys]
    cr.execute(_LINES, {"links": links, "table": table})
    return [res_id for (res_id,) in cr.fetchall()]


def names(cr, wanted, companies):
    """What the log says about the names of records.

    :param wanted: (table, id, column with the name)
    :param companies: ids; names told by events of other companies are left out
    :return: {(table, id): [(event, name before, name after), …] from old to new}
    """
    wanted = list(wanted)
    if not wanted:
        return {}
    tables, ids, columns = zip(*wanted, strict=True)
    cr.execute(
        _NAMES,
        {
            "tables": list(tables),
            "ids": list(ids),
            "columns": list(columns),
            "companies": list(companies),
        },
    )
    found = {}
    for table, res_id, event, was, is_now in cr.fetchall():
        found.setdefault((table, res_id), []).append((event, was, is_now))
    return found


def name_at(told, event):
    """The name when an event happened, None when the log does not know it.

    :param told: list as in the values of :func:`names`
    """
    name = None
    for at, was, is_now in told:
        if at > event:
            # never changed between then and this change
            return name or was
        name = is_now or was
    return name


def property_fields(cr, ids):
    """{id of a value per company: id of its field}, from the log."""
    cr.execute(_PROPERTIES, [list(ids)])
    return {res_id: int(field) for res_id, field in cr.fetchall()}


def net(found):
    """Merge what happened to the same row into its first and last state.

    :param found: events as dicts, oldest first; those of one transaction, or of a period
    :return: list of such dicts; what came back to where it was is left out
    """
    merged = {}
    for event in found:
        key = _row(event)
        known = merged.pop(key, None)
        outcome = event if known is None else _merge(known, event)
        if outcome:
            merged[key] = outcome
    return list(merged.values())


def _row(event):
    if event["res_id"]:
        return event["tbl"], event["res_id"]
    return event["tbl"], tuple(sorted((event["new"] or event["old"] or {}).items()))


def _merge(first, last):
    """One event in place of two about the same row, None when nothing is left."""
    if first["op"] == "I" and last["op"] == "D":
        return None
    if first["op"] not in "IU" or last["op"] not in "UD":
        return None if (first["op"], last["op"]) == ("D", "I") else last
    old, new = dict(first["old"] or {}), dict(first["new"] or {})
    if last["op"] == "D":
        return {**last, "old": {**(last["old"] or {}), **old}}
    new |= last["new"] or {}
    if first["op"] == "I":
        return {**first, "new": {name: value for name, value in new.items() if value}}
    old = {**(last["old"] or {}), **old}
    changed = [name for name in new if old.get(name) != new[name]]
    if not changed:
        return None
    return {
        **last,
        "id": last["id"],
        "old": {name: old.get(name) for name in changed},
        "new": {name: new[name] for name in changed},
    }
