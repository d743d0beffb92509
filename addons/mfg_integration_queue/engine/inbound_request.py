"""What a request to the inbox says, whatever form it says it in."""

import re
from dataclasses import dataclass

from . import strict_json, trace

#: bytes of a message; larger documents belong into a file of their own
MAX_BODY = 1024 * 1024
MAX_KEY = 255
MAX_LANE = 200
#: media types accepted, both in UTF-8
JSON = "application/json"
CLOUD_EVENT = "application/cloudevents+json"

#: headers kept with the message; credentials and signatures are not among them
KEPT_HEADERS = (
    "content-type",
    "user-agent",
    "idempotency-key",
    "ordering-key",
    "webhook-id",
    "webhook-timestamp",
    "ce-id",
    "ce-source",
    "ce-type",
)
_PRINTABLE = re.compile(r"[\x21-\x7e]+")


class BadKey(ValueError):
    """There is no usable idempotency key."""


class BadEvent(ValueError):
    """The CloudEvents attributes are not as they should be."""


@dataclass(slots=True)
class Incoming:
    """The content of one request."""

    payload: dict
    key: str
    #: given by the sender, or None
    ordering_key: str | None
    traceparent: str | None


def media_type(headers):
    """Return the media type of a request and whether its charset is UTF-8."""
    head, *parameters = (headers.get("content-type") or "").split(";")
    charset = "utf-8"
    for parameter in parameters:
        name, _equals, value = parameter.strip().partition("=")
        if name.lower() == "charset":
            charset = value.strip('"').lower()
    return head.strip().lower(), charset in ("utf-8", "utf8", "us-ascii")


def kept_headers(headers):
    """Return the headers that stay with the message."""
    kept = {name: headers.get(name) for name in KEPT_HEADERS}
    # PostgreSQL cannot hold a NUL, and a header may contain one.
    return {name: text.replace("\x00", "")[:500] for name, text in kept.items() if text}


def read(headers, body, signed_id=None):
    """Return the :class:`Incoming` of a request.

    :param signed_id: ``webhook-id`` of a verified signature. It then is the key: any other
        header is not signed, and a copied request could bear a new one
    :raises strict_json.Unreadable: the body is not the JSON we accept
    :raises BadEvent: a CloudEvents attribute is missing or of the wrong type
    :raises BadKey: no key, or one that is no use
    """
    value = strict_json.loads(body)
    event = {}
    if media_type(headers)[0] == CLOUD_EVENT:
        event = value
        value = _event_data(event)
    given = (
        signed_id
        or _quoted(headers.get("idempotency-key"))
        or headers.get("webhook-id")
        or _event_key(headers.get("ce-source"), headers.get("ce-id"))
        or _event_key(event.get("source"), event.get("id"))
    )
    ordering = event.get("partitionkey") or headers.get("ordering-key")
    if ordering and len(ordering) > MAX_LANE:
        raise BadKey(f"The ordering key is longer than {MAX_LANE} characters.")
    return Incoming(
        payload=value,
        key=_checked(given),
        ordering_key=ordering,
        traceparent=trace.valid(event.get("traceparent") or headers.get("traceparent")),
    )


def payload_of(headers, body):
    """Return the payload of a message that was accepted before."""
    value = strict_json.loads(body)
    return value["data"] if media_type(headers)[0] == CLOUD_EVENT else value


def _event_data(event):
    for name in ("id", "source", "type"):
        if not isinstance(event.get(name), str) or not event[name]:
            raise BadEvent(f"The CloudEvents attribute “{name}” must be a text.")
    for name in ("partitionkey", "traceparent"):
        if not isinstance(event.get(name, ""), str):
            raise BadEvent(f"The CloudEvents attribute “{name}” must be a text.")
    if event.get("specversion") != "1.0":
        raise BadEvent("The CloudEvents attribute “specversion” must be “1.0”.")
    if not isinstance(event.get("data"), dict):
        raise BadEvent("The CloudEvents attribute “data” must be an object.")
    return event["data"]


def _quoted(text):
    """Return an Idempotency-Key, which may come as a quoted structured field."""
    if text and len(text) > 2 and text[0] == text[-1] == '"':
        return text[1:-1]
    return text


def _event_key(source, event_id):
    return f"{source}|{event_id}" if source and event_id else None


def _checked(key):
    if not key:
        raise BadKey(
            "Send an Idempotency-Key or webhook-id header, or a CloudEvent with source "
            "and id: a repeated message is told by it."
        )
    if len(key) > MAX_KEY or not _PRINTABLE.fullmatch(key):
        raise BadKey(
            f"The idempotency key must be 1 to {MAX_KEY} printable ASCII characters "
            "without blanks."
        )
    return key
