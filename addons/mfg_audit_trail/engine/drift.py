"""Records that are not what the log says they are: changed while nobody looked."""

_TABLES = """
    SELECT r.name, r.secret || r.ignored, r.operations, b.since
      FROM mfg_audit.relation r
      JOIN mfg_audit.baseline b ON b.name = r.name
     WHERE r.active AND r.companies IS NULL AND r.model IS NOT NULL
           AND r.model_column IS NULL AND r.record_column IS NULL
           AND EXISTS (SELECT FROM pg_class c WHERE c.oid = r.oid)
  ORDER BY r.name
"""
# A column that got another type is only compared from then on.
_VALUES = """
      WITH said AS (
           SELECT DISTINCT ON (e.res_id, p.key)
                  e.res_id, p.key, p.value, e.id, e.cluster, e.xid
             FROM mfg_audit.event e, jsonb_each_text(e.new) AS p
            WHERE e.tbl = %(name)s AND e.op IN ('I', 'U') AND e.id > %(since)s
                  AND p.key <> ALL (%(silent)s)
         ORDER BY e.res_id, p.key, e.id DESC
    ), retyped AS (
           SELECT p.key, MAX(e.id) AS id
             FROM mfg_audit.event e, jsonb_each_text(e.new) AS p
            WHERE e.tbl = %(name)s AND e.op = 'S'
         GROUP BY p.key
    )
    SELECT s.res_id, s.key, s.value, live.texts ->> s.key, s.cluster, s.xid, s.id
      FROM said s
      JOIN (SELECT t.id, mfg_audit.row_texts(t.*) AS texts FROM "{table}" t) live
        ON live.id = s.res_id
 LEFT JOIN retyped ON retyped.key = s.key
     WHERE live.texts ? s.key AND live.texts ->> s.key IS DISTINCT FROM s.value
           AND s.id > COALESCE(retyped.id, 0)
  ORDER BY s.res_id, s.key
"""
_ROWS = """
      WITH last AS (
           SELECT DISTINCT ON (e.res_id) e.res_id, e.op::text AS op, e.cluster, e.xid, e.id
             FROM mfg_audit.event e
            WHERE e.tbl = %(name)s AND e.op IN ('I', 'U', 'D') AND e.id > %(since)s
         ORDER BY e.res_id, e.id DESC
    ), emptied AS (
           SELECT MAX(id) AS id FROM mfg_audit.event WHERE tbl = %(name)s AND op = 'T'
    )
    SELECT COALESCE(l.res_id, t.id), l.op, t.id IS NOT NULL, l.cluster, l.xid, l.id
      FROM last l
 FULL JOIN "{table}" t ON t.id = l.res_id
CROSS JOIN emptied
     WHERE (t.id IS NULL AND l.op <> 'D' AND l.id > COALESCE(emptied.id, 0)
            AND %(deletes)s)
        OR (t.id IS NOT NULL AND l.op = 'D')
        -- numbers are given in order: behind the first recorded creation all are recorded
        OR (l.res_id IS NULL AND %(creates)s AND t.id > (
               SELECT MIN(e.res_id) FROM mfg_audit.event e
                WHERE e.tbl = %(name)s AND e.op = 'I' AND e.id > %(since)s))
  ORDER BY 1
"""


def find(cr):
    """Yield (text, cluster, xid, event) of everything that contradicts the log."""
    cr.execute(_TABLES)
    for name, silent, operations, since in cr.fetchall():
        where = {
            "name": name,
            "silent": silent,
            "since": since,
            "creates": "I" in operations,
            "deletes": "D" in operations,
        }
        if "U" in operations:
            cr.execute(_VALUES.format(table=name), where)  # pylint: disable=sql-injection
            for record, field, said, live, *place in cr.fetchall():
                yield (
                    f"{name} {record}, field {field}: {said!r} is recorded,"
                    f" {live!r} is there",
                    *place,
                )
        cr.execute(_ROWS.format(table=name), where)  # pylint: disable=sql-injection
        for record, operation, is_there, *place in cr.fetchall():
            if not is_there:
                text = f"{name} {record} is gone, and its deletion is not recorded"
            elif operation == "D":
                text = f"{name} {record} is there, though its deletion is recorded"
            else:
                text = f"{name} {record} is there, and its creation is not recorded"
            yield (text, *place)
