"""The key of the application, which the database never sees.

Option ``mfg_audit_key`` of odoo.conf: any long random text, the same on every server of a
database. Without one transactions are captured and sealed, but not vouched for.
"""

import hashlib
import hmac

from odoo.tools import config

OPTION = "mfg_audit_key"


def _key():
    return (config.get(OPTION) or "").encode() or None


def is_set():
    """Whether there is a key."""
    return _key() is not None


def derived(name):
    """A key for one purpose, None without a key."""
    key = _key()
    return key and hmac.new(key, f"entry:{name}".encode(), hashlib.sha256).digest()


def digest(purpose, text):
    """A fingerprint that cannot be traced back to the text without the key."""
    key = _key() or b"without a key"
    return hmac.new(key, f"{purpose}:{text}".encode(), hashlib.sha256).hexdigest()
