"""What is recorded though no row changes: logins, exports, prints, reads, refusals.

Written on a short connection of its own and committed before the data leaves: the request
may fail and be rolled back afterwards, yet somebody has seen the data, or has tried to. A
callback after the transaction would come too late for that, and a request that is tried
again after a conflict would tell it twice.
"""

import json
from weakref import WeakKeyDictionary

from odoo.http import request

from . import context

#: operations that no trigger records
OPERATIONS = "LFOAXPRNM"
SECURITY, ACCESS = "security", "access"
#: records that are named one by one
NAMED = 100
#: characters of one detail
LENGTH = 500
_told = WeakKeyDictionary()


def observe(env, operation, model=None, ids=(), once=None, **known):
    """Record that something happened, whatever becomes of the transaction of ``env``.

    :param str operation: one of :data:`OPERATIONS`
    :param str model: technical name of the model concerned
    :param ids: the records concerned
    :param once: what makes a second call in the same request superfluous
    :param known: as for :func:`write`
    """
    if not env["mfg.audit.rule"]._is_capturing():
        return
    if once is not None and _is_told(env, (operation, once)):
        return
    known.setdefault("session", _session(env))
    with env.registry.cursor() as cr:
        write(env(cr=cr), operation, model, ids, **known)


def refused(env, uid, model, method, error):
    """Record that somebody was refused, once per request.

    :param int uid: whom
    :param model: what was asked for, as it was sent
    :param method: likewise
    :param AccessError error: what the user is told
    """
    observe(
        env,
        "N",
        model if isinstance(model, str) and model in env else None,
        once=str(error),
        user=uid,
        retention=SECURITY,
        path=request.httprequest.path,
        method=method,
        message=str(error),
    )


def write(
    env,
    operation,
    model=None,
    ids=(),
    user=None,
    company=None,
    retention=ACCESS,
    session=None,
    **detail,
):
    """Record it in the transaction of ``env``.

    :param int user: whose deed it is, when it is not that of ``env``
    :param int company: id
    :param str retention: class
    :param dict session: context of the transaction, as :func:`context.describe` tells it
    :param detail: what a reader will want to know; numbers, texts or lists of them
    """
    if not env["mfg.audit.rule"]._is_capturing():
        return
    ids = list(ids)
    session = {**(session or _session(env))}
    if user is not None:
        session["uid"] = user or None
    context.set_local(env.cr, session)
    table = env[model]._table if model else "ir_http"
    if len(ids) > 1:
        detail["records"] = len(ids)
    env.cr.execute(
        "SELECT mfg_audit.observe(%s, %s, %s, %s, %s, %s, %s, %s)",
        [
            operation,
            retention,
            table,
            ids[0] if len(ids) == 1 else None,
            company,
            session.get("uid") or None,
            [f"{table}:{each}" for each in ids[:NAMED]] if len(ids) > 1 else [],
            json.dumps({key: _text(value) for key, value in detail.items() if value}),
        ],
    )


def _session(env):
    """The context, also before the request is dispatched and after it has failed."""
    if context.is_known() or not request:
        return context.describe(env)
    with context.work(**context.request_work()):
        return context.describe(env)


def _is_told(env, key):
    """Whether this request said so already; without a request, this cursor."""
    told = _told.setdefault(request.httprequest if request else env.cr, set())
    if key in told:
        return True
    told.add(key)
    return False


def _text(value):
    if isinstance(value, list | tuple | set):
        value = ", ".join(str(each) for each in value)
    return str(value)[:LENGTH]
