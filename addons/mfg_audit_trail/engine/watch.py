"""What in the log should be looked at by somebody: one statement per kind of alert.

Each yields, per subject, how often it happened and the first and last event of it. Rules
bring ``threshold`` and the ``minutes`` that are looked back.
"""

from odoo.tools.sql import table_exists

_SINCE = "e.ts >= clock_timestamp() - %(minutes)s * interval '1 minute'"
_SELECT = """
    SELECT {subject} AS subject, {user} AS user_id, {company} AS company_id,
           {count} AS count, MIN(e.ts) AT TIME ZONE 'UTC' AS first_at,
           MAX(e.ts) AT TIME ZONE 'UTC' AS last_at,
           array_agg(DISTINCT e.xid * 8 + e.cluster) AS transactions
"""
_LOCKS = (
    "fiscalyear_lock_date",
    "period_lock_date",
    "tax_lock_date",
    "hard_lock_date",
)


def _events(
    subject, where, user="t.login_uid", company="e.company_id", count="COUNT(*)"
):
    """Events of a kind, by what they are about."""
    select = _SELECT.format(subject=subject, user=user, company=company, count=count)
    return f"""
        {select}
          FROM mfg_audit.event e
          JOIN mfg_audit.tx t ON t.cluster = e.cluster AND t.xid = e.xid
         WHERE {_SINCE} AND {where}
      GROUP BY 1, 2, 3
        HAVING {count} >= %(threshold)s
    """


_BACK_DATED = f"""
    {
    _SELECT.format(
        subject="m.name", user="t.login_uid", company="m.company_id", count="COUNT(*)"
    )
}
      FROM mfg_audit.event e
      JOIN mfg_audit.tx t ON t.cluster = e.cluster AND t.xid = e.xid
      JOIN account_move m ON m.id = e.res_id
     WHERE {_SINCE} AND e.tbl = 'account_move' AND e.new ->> 'state' = 'posted'
       AND m.date < e.ts::date - %(threshold)s
  GROUP BY 1, 2, 3
"""
_CAPTURE_GAP = """
    SELECT r.name AS subject, NULL::integer AS user_id, NULL::integer AS company_id,
           1 AS count, NULL::timestamp AS first_at,
           clock_timestamp() AT TIME ZONE 'UTC' AS last_at, '{}'::bigint[] AS transactions
      FROM mfg_audit.relation r
 LEFT JOIN pg_trigger g ON g.tgrelid = r.oid AND g.tgenabled = 'A'
       AND g.tgname IN ('mfg_audit_capture', 'mfg_audit_capture_truncate')
     WHERE r.active
  GROUP BY r.name
    HAVING COUNT(g.oid) < 2
"""
_SEAL_LAG = """
    SELECT '' AS subject, NULL::integer AS user_id, NULL::integer AS company_id,
           COUNT(*) AS count, MIN(t.ts) AT TIME ZONE 'UTC' AS first_at,
           clock_timestamp() AT TIME ZONE 'UTC' AS last_at, '{}'::bigint[] AS transactions
      FROM mfg_audit.tx t
     WHERE t.fresh AND t.ts < clock_timestamp() - %(minutes)s * interval '1 minute'
    HAVING COUNT(*) >= GREATEST(%(threshold)s, 1)
"""
_STATEMENTS = {
    "bulk_delete": _events(
        "e.tbl",
        "(e.op IN ('D', 'T') OR e.op = 'B' AND e.new ->> 'statement' = 'DELETE')",
        count="SUM(CASE e.op WHEN 'B' THEN (e.new ->> 'rows')::integer ELSE 1 END)::integer",
    ),
    "mass_export": _events(
        "e.tbl",
        "e.op = 'X'",
        count="SUM(COALESCE((e.new ->> 'records')::integer, 1))::integer",
    ),
    "failed_login": _events(
        "COALESCE(e.new ->> 'login', e.res_id::text)",
        "e.op = 'F'",
        user="NULL::integer",
        company="NULL::integer",
    ),
    "lock_date": _events(
        "e.res_id::text",
        "e.tbl = 'res_company' AND e.op = 'U' AND jsonb_exists_any(e.new, ARRAY"
        + str(list(_LOCKS))
        + ")",
        company="e.res_id::integer",
    ),
    "unattested": _events(
        "t.db_user::text",
        "e.op IN ('I', 'U', 'D', 'T', 'B') AND t.origin = 'sql'",
        company="NULL::integer",
    ),
    "back_dated": _BACK_DATED,
    "capture_gap": _CAPTURE_GAP,
    "seal_lag": _SEAL_LAG,
}
KINDS = tuple(_STATEMENTS)
_NEEDED = {"back_dated": "account_move"}


def look(cr, kind, threshold, minutes):
    """What should be looked at.

    :param str kind: one of :data:`KINDS`
    :param int threshold: from how many on; of ``back_dated``: days
    :param int minutes: how far to look back; of ``seal_lag``: how old
    :return: list of dicts with subject, user_id, company_id, count, first_at, last_at,
        transactions
    """
    if kind in _NEEDED and not table_exists(cr, _NEEDED[kind]):
        return []
    cr.execute(_STATEMENTS[kind], {"threshold": threshold, "minutes": minutes})
    return cr.dictfetchall()
