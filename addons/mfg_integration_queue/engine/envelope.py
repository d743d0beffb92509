"""What goes over the wire: a CloudEvents 1.0 envelope under a Standard Webhooks signature."""

import base64
import functools
import hashlib
import hmac
import json
from json.encoder import encode_basestring as _quoted

CONTENT_TYPE = "application/cloudevents+json"
BATCH_CONTENT_TYPE = "application/cloudevents-batch+json"
SECRET_PREFIX = "whsec_"


def build(delivery, source, plant):
    """Return the body of one delivery as bytes.

    The payload is spliced in as PostgreSQL stores it: every attempt sends the same bytes
    without decoding and encoding it again. Only a mapped one is built anew.

    :param delivery: :class:`.store.Delivery`
    :param source: URI reference of the company that emitted, ``/<alias>/<company id>``
    :param plant: code of the receiving system
    """
    extra = ""
    if delivery.subject:
        extra = f', "subject": {_quoted(delivery.subject)}'
    if delivery.traceparent:
        extra += f', "traceparent": {_quoted(delivery.traceparent)}'
    return (
        f'{{{_always(delivery.type, source, plant)}, "id": {_quoted(delivery.uuid)}, '
        f'"time": {_quoted(delivery.occurred_at)}, '
        f'"sequence": "{delivery.event_id:020d}", '
        f'"partitionkey": {_quoted(delivery.lane)}{extra}, '
        f'"data": {delivery.mapped or delivery.payload}}}'
    ).encode()


@functools.lru_cache(maxsize=1024)
def _always(event_type, source, plant):
    """Return the attributes that every event of a type has in common."""
    head = {
        "specversion": "1.0",
        "source": source,
        "type": event_type,
        "datacontenttype": "application/json",
        "dataschema": f"urn:{event_type.replace('.', ':')}",
        "plant": plant,
    }
    return json.dumps(head, ensure_ascii=False)[1:-1]


def batch_id(deliveries):
    """Return the id of a request with several events: the same for the same events."""
    uuids = ",".join(delivery.uuid for delivery in deliveries)
    return f"batch-{hashlib.sha256(uuids.encode()).hexdigest()[:32]}"


def sign(message_id, timestamp, body, secrets):
    """Return the signature headers of an attempt.

    ``standardwebhooks`` signs with one secret and rebuilds it each time; during a
    rotation every live secret must sign, on the hottest path there is.

    :param timestamp: seconds since the epoch, of this attempt
    :param secrets: raw keys, the newest first
    """
    signed = f"{message_id}.{timestamp}.".encode() + body
    signatures = (
        base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()
        for secret in secrets
    )
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def decode_secret(text):
    """Return the raw key of a ``whsec_…`` secret.

    :raises ValueError: not base64, or not 24 to 64 bytes long
    """
    raw = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    if not 24 <= len(raw) <= 64:
        raise ValueError("a signing secret has 24 to 64 bytes")
    return raw


def encode_secret(raw):
    """Return the ``whsec_…`` form of a raw key."""
    return SECRET_PREFIX + base64.b64encode(raw).decode()
