"""Verification of Standard Webhooks signatures, for callers who may send anything."""

import base64
import binascii
import hashlib
import hmac
import re
import time

TOLERANCE = 300
#: signatures of one header that are looked at; a rotation needs two
MAX_SIGNATURES = 8
MAX_ID = 255

_TIMESTAMP = re.compile(r"[0-9]{1,12}")


class BadSignature(ValueError):
    """The request is not signed as it should be; the text says why."""


def verify(headers, body, secrets, now=None):
    """Return the ``webhook-id`` of a correctly signed request.

    :param headers: mapping of the request's headers
    :param bytes body: as it came in
    :param secrets: raw keys that are valid now
    :param now: seconds since the epoch; default: the clock
    :raises BadSignature: missing, malformed, too old, too new, or by another key
    """
    message_id = headers.get("webhook-id") or ""
    timestamp = headers.get("webhook-timestamp") or ""
    given = headers.get("webhook-signature") or ""
    if not message_id or not timestamp or not given:
        raise BadSignature(
            "webhook-id, webhook-timestamp and webhook-signature are required."
        )
    if len(message_id) > MAX_ID or not message_id.isascii():
        raise BadSignature("webhook-id is malformed.")
    if not _TIMESTAMP.fullmatch(timestamp):
        raise BadSignature("webhook-timestamp is not a number of seconds.")
    age = (time.time() if now is None else now) - int(timestamp)
    if abs(age) > TOLERANCE:
        side = "old" if age > 0 else "far ahead"
        raise BadSignature(f"webhook-timestamp is too {side}.")
    signed = f"{message_id}.{timestamp}.".encode() + body
    expected = [hmac.new(secret, signed, hashlib.sha256).digest() for secret in secrets]
    # No early end: how long this takes tells nothing about what fits.
    matches = [
        hmac.compare_digest(candidate, digest)
        for candidate in _candidates(given)
        for digest in expected
    ]
    if not any(matches):
        raise BadSignature("webhook-signature fits none of the valid secrets.")
    return message_id


def _candidates(header):
    for part in header.split()[:MAX_SIGNATURES]:
        version, separator, encoded = part.partition(",")
        if version != "v1" or not separator or not encoded.isascii():
            continue
        try:
            yield base64.b64decode(encoded, validate=True)
        except binascii.Error:
            continue
