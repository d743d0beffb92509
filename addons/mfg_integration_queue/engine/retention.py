"""Forgetting what a contract keeps no longer: finished messages, their attempts and content.

What waits, on the wire or for a decision, is kept whatever its age. Idempotency keys have a
time of their own, so that a message that is forgotten is not processed twice.
"""

_OPEN_LETTER = """
    SELECT 1 FROM mfg_integration_dead d
     WHERE d.event_ref = %s AND d.state = 'open'
"""
_LOG = f"""
    WITH old AS (
        SELECT l.id, l.finished_at
          FROM mfg_integration_delivery_log l
         WHERE l.interface_id = %(interface_id)s
           AND l.finished_at < timezone('UTC', now()) - %(days)s * interval '1 day'
           AND NOT EXISTS ({_OPEN_LETTER % "l.event_id"})
         LIMIT %(limit)s
    ), attempt AS (
        DELETE FROM mfg_integration_attempt a USING old WHERE a.delivery_id = old.id
    )
    DELETE FROM mfg_integration_delivery_log l USING old
     WHERE l.id = old.id AND l.finished_at = old.finished_at
"""
_EVENT = f"""
    WITH old AS (
        SELECT e.id, e.created_at
          FROM mfg_integration_event e
         WHERE e.interface_id = %(interface_id)s
           AND e.created_at < timezone('UTC', now()) - %(days)s * interval '1 day'
           AND NOT EXISTS (
               SELECT 1 FROM mfg_integration_delivery d WHERE d.event_id = e.id)
           AND NOT EXISTS (
               SELECT 1 FROM mfg_integration_delivery_log l WHERE l.event_id = e.id)
           AND NOT EXISTS ({_OPEN_LETTER % "e.id"})
         LIMIT %(limit)s
    )
    DELETE FROM mfg_integration_event e USING old
     WHERE e.id = old.id AND e.created_at = old.created_at
"""
_INBOX = """
    WITH old AS (
        SELECT id, created_at
          FROM mfg_integration_inbox
         WHERE interface_id = %(interface_id)s
           AND created_at < timezone('UTC', now()) - %(days)s * interval '1 day'
           AND state IN ('processed', 'rejected', 'cancelled')
         LIMIT %(limit)s
    )
    DELETE FROM mfg_integration_inbox i USING old
     WHERE i.id = old.id AND i.created_at = old.created_at
"""
# The exception itself stays: who decided what, and why.
_CONTENT = """
    UPDATE mfg_integration_inbox_exception
       SET content = NULL
     WHERE interface_id = %(interface_id)s AND state <> 'open' AND content IS NOT NULL
       AND decided_at < timezone('UTC', now()) - %(days)s * interval '1 day'
"""


def forget(cr, interface_id, days, limit):
    """Delete finished messages of one interface.

    :param days: age from which they are not kept any more
    :param limit: rows of one kind to delete at most
    :return: whether more may be left
    """
    params = {"interface_id": interface_id, "days": days, "limit": limit}
    counts = []
    for statement in (_LOG, _EVENT, _INBOX):
        cr.execute(statement, params)
        counts.append(cr.rowcount)
    cr.execute(_CONTENT, params)
    return max(counts) >= limit
