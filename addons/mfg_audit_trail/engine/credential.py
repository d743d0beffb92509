"""By what somebody showed who they are: password, second factor, API key."""

from contextvars import ContextVar

from . import app_key

#: accounts whose last credential is remembered, per process
REMEMBERED = 1000
PASSWORD = "password"
_shown = ContextVar("mfg_audit_credential", default=None)
# Odoo remembers passwords that were right and does not check them again, so what they were
# has to be remembered, too: {(database, user): (fingerprint, credential)}.
_known = {}


def of_session(env, uid):
    """How the user of a session of the web client logged in."""
    # Whoever switches the second factor on or off loses all other sessions, so what holds
    # now held at the login of this one. sudo: a user may not read this field of the own.
    factor = env["res.users"].sudo().browse(uid)._mfa_type()
    return f"{PASSWORD}+{factor}" if factor else PASSWORD


def of_rpc(database, uid):
    """What the external call that is being dispatched was sent with, None if unknown."""
    shown = _shown.get()
    return shown[1] if shown and shown[0] == (database, uid) else None


def was_checked(database, uid, kind):
    """Note what proved to be right.

    :param str kind: ``password``, or ``key:`` and the first letters of an API key
    """
    _shown.set(((database, uid), kind))


def default(database, uid):
    """Note a password, unless it was something else that proved to be right."""
    if not _shown.get():
        was_checked(database, uid, PASSWORD)


def expect():
    """Forget what an earlier call on this thread was sent with."""
    _shown.set(None)


def remember(database, uid, secret):
    """After a check that may have been answered from Odoo's memory."""
    fingerprint = app_key.digest("credential", secret)
    shown = _shown.get()
    if shown:
        while len(_known) >= REMEMBERED:
            _known.pop(next(iter(_known)))
        _known[database, uid] = (fingerprint, shown[1])
    else:
        known = _known.get((database, uid))
        if known and known[0] == fingerprint:
            was_checked(database, uid, known[1])
