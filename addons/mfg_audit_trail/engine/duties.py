"""Who could do two duties that belong to different people, and who did: one statement each."""

from psycopg2 import sql

#: documents of one finding that are named
NAMED = 20

_COULD = """
    WITH duty_user AS (
        SELECT g.mfg_audit_duty_id AS duty, m.uid
          FROM mfg_audit_duty_group_rel g
          JOIN res_groups_users_rel m ON m.gid = g.res_groups_id
     UNION
        SELECT o.duty_id, m.uid
          FROM mfg_audit_duty_operation o
          JOIN ir_model model ON model.model = o.model_name
          JOIN ir_model_access a ON a.model_id = model.id AND a.active
           AND CASE o.operation WHEN 'I' THEN a.perm_create WHEN 'U' THEN a.perm_write
                                ELSE a.perm_unlink END
          JOIN res_groups_users_rel m ON m.gid = a.group_id
         WHERE NOT EXISTS (SELECT FROM mfg_audit_duty_group_rel g
                            WHERE g.mfg_audit_duty_id = o.duty_id)
    )
    SELECT c.id AS conflict_id, u.id AS user_id, company.cid AS company_id
      FROM mfg_audit_duty_conflict c
      JOIN duty_user a ON a.duty = c.first_id
      JOIN duty_user b ON b.duty = c.second_id AND b.uid = a.uid
      JOIN res_users u ON u.id = a.uid AND u.active AND NOT u.share AND u.id <> 1
      JOIN res_company_users_rel company ON company.user_id = u.id
     WHERE c.active
"""
# Who is logged in; where nobody is, whom the work was done for.
_DONE = """
    SELECT {duty} AS duty, COALESCE(NULLIF(t.login_uid, 1), e.eff_uid) AS uid, e.company_id, e.ts,
           {document} || e.res_id AS document, {chain} AS chain
      FROM mfg_audit.event e
      JOIN mfg_audit.tx t ON t.cluster = e.cluster AND t.xid = e.xid
 LEFT JOIN {table} live ON live.id = e.res_id
     WHERE e.tbl = {name} AND e.op = {operation} AND COALESCE(NULLIF(t.login_uid, 1), e.eff_uid) > 1
       AND e.ts >= %(since)s AND {where}
"""
_DID = """
    WITH done AS ({done})
    SELECT c.id AS conflict_id, a.uid AS user_id,
           COALESCE(a.company_id, b.company_id) AS company_id,
           array_agg(DISTINCT a.document) || array_agg(DISTINCT b.document) AS documents,
           LEAST(MIN(a.ts), MIN(b.ts)) AT TIME ZONE 'UTC' AS first_at,
           GREATEST(MAX(a.ts), MAX(b.ts)) AT TIME ZONE 'UTC' AS last_at
      FROM mfg_audit_duty_conflict c
      JOIN done a ON a.duty = c.first_id
      JOIN done b ON b.duty = c.second_id AND b.uid = a.uid AND b.chain = a.chain
     WHERE c.active
  GROUP BY 1, 2, 3
"""


def could(cr):
    """Who has the rights for both duties of a conflict, per company.

    :return: list of dicts with conflict_id, user_id, company_id
    """
    cr.execute(_COULD)
    return cr.dictfetchall()


def did(cr, operations, since):
    """Who did both duties on documents that belong together.

    :param operations: dicts with ``duty``, ``table``, ``model``, ``operation``, ``field``,
        ``value``, ``chain`` (column) and ``chain_table``
    :param since: moment from which on the log is looked through
    :return: list of dicts with conflict_id, user_id, company_id, documents, first_at,
        last_at
    """
    if not operations:
        return []
    done = sql.SQL(" UNION ALL ").join(_done(each) for each in operations)
    cr.execute(sql.SQL(_DID).format(done=done), {"since": since})
    return cr.dictfetchall()


def _done(operation):
    """The statement that finds who did one operation."""
    name = sql.Literal(operation["table"])
    where = [sql.SQL("true")]
    if operation["field"]:
        field = sql.Literal(operation["field"])
        where.append(sql.SQL("jsonb_exists(e.new, {})").format(field))
        if operation["value"]:
            value = sql.Literal(operation["value"])
            where.append(sql.SQL("e.new ->> {} = {}").format(field, value))
    chain = sql.SQL("{} || ':' || e.res_id").format(name)
    if operation["chain"]:
        # a change tells only what it changed, the record knows the rest
        chain = sql.SQL(
            "{table} || ':' || COALESCE(e.new ->> {name}, e.old ->> {name}, live.{column}::text)"
        ).format(
            table=sql.Literal(operation["chain_table"]),
            name=sql.Literal(operation["chain"]),
            column=sql.Identifier(operation["chain"]),
        )
    return sql.SQL(_DONE).format(
        duty=sql.Literal(operation["duty"]),
        document=sql.Literal(f"{operation['model']},"),
        chain=chain,
        table=sql.Identifier(operation["table"]),
        name=name,
        operation=sql.Literal(operation["operation"]),
        where=sql.SQL(" AND ").join(where),
    )
