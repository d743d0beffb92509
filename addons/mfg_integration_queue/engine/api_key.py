"""API keys: shown once, looked up by prefix, recognised by hash."""

import hashlib
import hmac
import re
import secrets

_FORM = re.compile(r"mfgk_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")
_NO_HASH = "0" * 64


def generate():
    """Return a new key as (text to show once, prefix, hash to keep)."""
    prefix = secrets.token_hex(8)
    text = f"mfgk_{prefix}_{secrets.token_urlsafe(32)}"
    return text, prefix, digest(text)


def prefix_of(text):
    """Return the public part of a key, None for anything else."""
    match = _FORM.fullmatch(text or "")
    return match[1] if match else None


def digest(text):
    """Return the hash of a key. It is random and long, so it needs no slow hash."""
    return hashlib.sha256(text.encode()).hexdigest()


def fits(text, kept):
    """Tell in constant time whether ``text`` is the key behind the hash ``kept``.

    :param kept: None for a key that nobody knows; takes as long and says no
    """
    same = hmac.compare_digest(digest(text), kept or _NO_HASH)
    return same and kept is not None
