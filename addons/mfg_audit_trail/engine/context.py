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
from weakref import WeakKeyDictionary

from odoo.http import request

from . import app_key

#: key of an Odoo context that carries the reason of a change
REASON_KEY = "mfg_audit_reason"
BLOCK = 64  # bytes of a block of SHA-256, for HMAC
_prepared = WeakKeyDictionary()
_FLAG = "mfg_audit_context"


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


def describe(env, **known):
    """The context as a dict, from what this thread is doing.

    :param known: what the caller knows better: origin, method, cron…
    """
    context = {"uid": env.uid, "request": secrets.token_hex(8)}
    if request:
        context |= _of_request(env)
    else:
        context["origin"] = _origin_without_request(env)
    if app_key.is_set():
        context["key"] = app_key.digest("name", "key")[:8]
    context |= {key: value for key, value in known.items() if value is not None}
    return context


def _of_request(env):
    http = request.httprequest
    session = request.session
    found = {
        "origin": "ui" if request.session.uid else "web",
        "ip": http.remote_addr,
        "agent": (http.user_agent.string or "")[:200],
        "path": http.path[:200],
    }
    if http.path.startswith(("/xmlrpc/", "/jsonrpc")):
        found["origin"] = "rpc"
    elif session.uid:
        # Who is logged in, whoever the code works for.
        found["uid"] = session.uid
    if session.sid and session.uid:
        found["session"] = app_key.digest("session", session.sid)[:16]
    if session.get("impersonate_from_uid"):
        found["impersonator"] = session["impersonate_from_uid"]
    companies = env.context.get("allowed_company_ids")
    if companies:
        found["companies"] = companies
    return found


def _origin_without_request(env):
    if not env.registry.ready:
        return "module"
    if threading.current_thread().name.startswith("odoo.service.cron"):
        return "cron"
    if "shell" in sys.argv[1:2]:
        return "shell"
    return "process"


def _set(cr, context):
    text = json.dumps(context, sort_keys=True, separators=(",", ":"))
    settings = [("mfg_audit.context", text), ("mfg_audit.key", _pads(context))]
    for name, value in settings:
        # Past the counter of queries: it is about what the business code does.
        cr.callproc("set_config", [name, value, False])


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
