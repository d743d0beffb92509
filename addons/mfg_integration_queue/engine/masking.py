"""Confidential fields of a contract: hidden from who may not see them, and kept out of what
the other side's answers repeat."""

import json

from . import paths

MASK = "•••"
#: shorter values occur everywhere by chance
MIN_REDACTED = 2


def masked(document, all_paths):
    """Return a copy of a decoded document whose confidential values are hidden."""
    document = paths.pruned(document, {})
    for path in all_paths:
        for container, key in paths.slots(document, path):
            if container[key] is not None:
                container[key] = MASK
    return document


def masked_text(text, all_paths):
    """Return a JSON text, indented, with its confidential values hidden; all of it where
    it cannot be read, for then nobody knows what it holds."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return MASK
    return json.dumps(masked(document, all_paths), ensure_ascii=False, indent=4)


def redacted(text, document, all_paths):
    """Return ``text`` without the confidential values of a decoded document."""
    found = set()
    for path in all_paths:
        for container, key in paths.slots(document, path):
            _collect(container[key], found)
    # the longest first: one may be a part of another
    for value in sorted(found, key=len, reverse=True):
        text = text.replace(value, MASK)
    return text


def redact_outcome(outcome, delivery, all_paths):
    """Keep confidential values out of what is stored about a failed attempt."""
    document = json.loads(delivery.payload)
    if outcome.excerpt:
        outcome.excerpt = redacted(outcome.excerpt, document, all_paths)
    if outcome.cause:
        outcome.cause = redacted(outcome.cause, document, all_paths)


def _collect(value, found):
    if isinstance(value, dict):
        for child in value.values():
            _collect(child, found)
    elif isinstance(value, list):
        for child in value:
            _collect(child, found)
    elif value is not None and not isinstance(value, bool):
        text = value if isinstance(value, str) else json.dumps(value)
        for form in (text, json.dumps(text)[1:-1]):
            if len(form) >= MIN_REDACTED:
                found.add(form)
