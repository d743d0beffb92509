"""Who does it: the context that the triggers find in a setting of the session.

Places where work begins (a request, a scheduled action, a command) set the context and
commit it before the first business statement, so that it outlives commits and rollbacks in
the middle of the work. Odoo's pool resets a connection before it lends it to somebody else.
Cursors that nobody prepared, as those of external RPC, get theirs at their first write.
"""

import hashlib
import hmac
import json
import secrets
import sys
import threading
from contextlib import contextmanager
from contextvars import ContextVar
from weakref import WeakKeyDictionary

from odoo.http import request

from . import app_key, credential

#: key of an Odoo context that carries the reason of a change
REASON_KEY = "mfg_audit_reason"
BLOCK = 64  # bytes of a block of SHA-256, for HMAC
#: commands whose work has an origin of its own
COMMANDS = {"shell": "shell", "mfg_integration_worker": "queue"}
_FLAG = "mfg_audit_context"
_prepared = WeakKeyDictionary()
#: one unit of work per cursor where nothing greater is known: a receipt's key belongs to it
_units = WeakKeyDictionary()
# What is known of the work this thread does. Unlike Odoo's request it is also there while
# external RPC is dispatched, and on cursors that a scheduled action opens beside its own.
_work = ContextVar("mfg_audit_work", default=None)
_file = ContextVar("mfg_audit_file", default=None)


def prepare(env, **known):
    """Set the context of everything a cursor will do, whatever it commits or rolls back.

    Only for cursors that have done nothing yet: their transaction is committed.

    :param known: as for :func:`describe`
    """
    if env["mfg.audit.rule"]._is_capturing():
        _set(env.cr, describe(env, **known))
        env.cr.commit()
        _prepared[env.cr] = True


def attribute(env):
    """See to it that what this environment writes next is attributed.

    Costs a look into a dictionary when the cursor was prepared.
    """
    cr = env.cr
    if cr in _prepared:
        return
    # Odoo empties this data at every flush, commit and rollback, with which the setting
    # may be gone, too.
    data = cr.precommit.data
    if _FLAG not in data and env["mfg.audit.rule"]._is_capturing():
        _set(cr, describe(env))
        data[_FLAG] = True


@contextmanager
def work(**known):
    """What this thread does in the block is one unit of work, on whatever cursor.

    :param known: as for :func:`describe`
    """
    token = _work.set({"request": secrets.token_hex(8), **known})
    try:
        yield
    finally:
        _work.reset(token)


def is_known():
    """Whether it is known what this thread is doing."""
    return _work.get() is not None


def request_work():
    """The unit of work that Odoo's present request is, for :func:`work`."""
    http = request.httprequest
    session = request.session
    found = {
        "origin": "ui" if session.uid else "web",
        # behind a proxy the address of the client, if proxy_mode says so
        "ip": http.remote_addr,
        "agent": (http.user_agent.string or "")[:200],
        "path": http.path[:200],
    }
    if http.path.startswith(("/xmlrpc/", "/jsonrpc")):
        found["origin"] = "rpc"
    elif session.uid:
        # Who is logged in, whoever the code works for.
        found["uid"] = session.uid
        found["credential"] = credential.of_session(request.env, session.uid)
        if session.sid:
            found["session"] = app_key.digest("session", session.sid)[:16]
    model, method = (request.params.get(each) for each in ("model", "method"))
    if isinstance(model, str) and isinstance(method, str):
        found["method"] = f"{model}.{method}"[:200]
    if session.get("impersonate_from_uid"):
        found["impersonator"] = session["impersonate_from_uid"]
    return found


@contextmanager
def part(env, **known):
    """What the block does is a part of the work with an origin of its own.

    :param known: as for :func:`describe`
    """
    outer = _work.get()
    token = _work.set({**(outer or {"request": _unit(env.cr)}), **known})
    capturing = env["mfg.audit.rule"]._is_capturing()
    try:
        if capturing:
            _set(env.cr, describe(env))
        yield
    finally:
        _work.reset(token)
    # After an exception the setting goes with the transaction.
    if capturing:
        _set(env.cr, describe(env))


@contextmanager
def importing(file):
    """What the block loads comes from a file of this name."""
    token = _file.set(file)
    try:
        yield
    finally:
        _file.reset(token)


def import_file():
    """Name of the file that is being imported, None if there is none."""
    return _file.get() or None


def describe(env, **known):
    """The context as a dict, from what this thread is doing.

    :param known: what the caller knows better: origin, method, cron…
    """
    doing = _work.get()
    if doing is None:
        doing = {"request": _unit(env.cr), "origin": _origin_without_request(env)}
    context = {"uid": env.uid, **doing}
    if doing.get("origin") == "rpc":
        context["credential"] = credential.of_rpc(env.cr.dbname, env.uid)
    companies = env.context.get("allowed_company_ids")
    if companies:
        context["companies"] = companies
    context["key"] = app_key.identity()
    context |= known
    return {key: value for key, value in context.items() if value is not None}


def _unit(cr):
    return _units.setdefault(cr, secrets.token_hex(8))


def _origin_without_request(env):
    if not env.registry.ready:
        return "module"
    if threading.current_thread().name.startswith("odoo.service.cron"):
        return "cron"
    return COMMANDS.get("".join(sys.argv[1:2]), "process")


def set_local(cr, context):
    """Set the context of the current transaction alone.

    :param dict context: as :func:`describe` tells it
    """
    _set(cr, context, local=True)


def session_settings(context):
    """Settings of PostgreSQL that attribute what a session of one's own writes.

    :param dict context: as :func:`describe` tells it
    :return: {name: text}; the key that vouches for it is among them
    """
    text = json.dumps(context, sort_keys=True, separators=(",", ":"))
    return {"mfg_audit.context": text, "mfg_audit.key": _pads(context)}


def _set(cr, context, local=False):
    for name, value in session_settings(context).items():
        # Past the counter of queries: it is about what the business code does.
        cr.callproc("set_config", [name, value, local])


@contextmanager
def reason(env):
    """Note the reason in the context of ``env`` with what the block changes.

    What was written before is sent to the database first, what the block writes before its
    end: a change is noted when it gets there.
    """
    outer = env.cr.precommit.data.get(REASON_KEY, "")
    env.flush_all()
    _set_reason(env.cr, env.context[REASON_KEY])
    yield
    env.flush_all()
    _set_reason(env.cr, outer)


def has_reason(env):
    """Whether what ``env`` does now is done with a reason."""
    return bool(
        str(env.context.get(REASON_KEY) or "").strip()
        or env.cr.precommit.data.get(REASON_KEY)
    )


def _set_reason(cr, text):
    cr.callproc("set_config", ["mfg_audit.reason", str(text)[:500], True])
    cr.precommit.data[REASON_KEY] = text


def _pads(context):
    """Inner and outer key of the HMAC that PostgreSQL computes, '' without a key."""
    key = app_key.derived(context["request"])
    if key is None:
        return ""
    key = key.ljust(BLOCK, b"\0")
    inner, outer = (bytes(byte ^ pad for byte in key) for pad in (0x36, 0x5C))
    return f"{inner.hex()}:{outer.hex()}"


def mac(key, message):
    """What the database computed with :func:`_pads` of the same key."""
    return hmac.new(key, message, hashlib.sha256).digest()
