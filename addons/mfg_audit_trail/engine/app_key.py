"""The key of the application, which the database never sees.

Option ``mfg_audit_key`` of odoo.conf: any long random text, the same on every server of a
database. So that it can be changed, ``mfg_audit_key_file`` names a file with one key a line:
the first makes receipts, the others only verify those that were made before. Without any key
transactions are captured and sealed, but not vouched for.
"""

import functools
import hashlib
import hmac
import logging
from pathlib import Path

from odoo.tools import config

OPTION = "mfg_audit_key"
FILE_OPTION = "mfg_audit_key_file"

_logger = logging.getLogger(__name__)


@functools.cache
def _file(path):
    """The keys in a file, None if it cannot be read.

    Read once: what a transaction says of its key has to hold until its receipt is made.
    """
    try:
        lines = Path(path).read_bytes().splitlines()
    except OSError as error:
        _logger.error("Nothing is vouched for in the audit trail: %s", error)
        return None
    return tuple(line.strip() for line in lines if line.strip())


def _keys():
    """All keys, the one that makes receipts first."""
    path = config.get(FILE_OPTION)
    keys = _file(path) if path else ()
    if keys is None:
        return ()
    key = (config.get(OPTION) or "").encode()
    return (*keys, key) if key and key not in keys else keys


def _digest(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256)


def _identity(key):
    return _digest(key, "name:key").hexdigest()[:8]


def is_set():
    """Whether there is a key."""
    return bool(_keys())


def identity():
    """Name of the key that makes receipts, from which it cannot be told; None without one."""
    keys = _keys()
    return _identity(keys[0]) if keys else None


def ring():
    """{name: key} of all keys, the one that makes receipts first."""
    return {_identity(key): key for key in _keys()}


def derive(key, name):
    """A key for one purpose."""
    return _digest(key, f"entry:{name}").digest()


def derived(name):
    """What :func:`derive` makes of the key that makes receipts, None without one."""
    keys = _keys()
    return derive(keys[0], name) if keys else None


def digest(purpose, text):
    """A fingerprint that cannot be traced back to the text without the key."""
    key = (*_keys(), b"without a key")[0]
    return _digest(key, f"{purpose}:{text}").hexdigest()
