"""JSON as a contract needs it: what two readers could understand differently is refused."""

import json
import re

MAX_DEPTH = 32
MAX_INTEGER = 2**63 - 1
#: digits of MAX_INTEGER: a longer number is refused before it is converted
_MAX_DIGITS = 19

#: an escaped NUL, which PostgreSQL cannot hold (and not an escaped backslash before u0000)
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class Unreadable(ValueError):
    """The body is not the JSON we accept; the text says why."""


def loads(body):
    """Return the JSON object in ``body`` (bytes).

    :raises Unreadable: not UTF-8, not JSON, not an object, nested too deeply, a name that
        occurs twice, NaN or a number out of range, a NUL or half a surrogate pair
    """
    if not body:
        raise Unreadable("The body is empty.")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable(f"The body is not UTF-8 at byte {error.start}.") from error
    try:
        value = _DECODER.decode(text)
    except Unreadable:
        raise
    except json.JSONDecodeError as error:
        raise Unreadable(
            f"The body is not JSON: {error.msg} at line {error.lineno}, "
            f"column {error.colno}."
        ) from error
    except RecursionError as error:
        raise Unreadable(_TOO_DEEP) from error
    except ValueError as error:
        raise Unreadable(f"The body is not JSON: {error}.") from error
    if not isinstance(value, dict):
        raise Unreadable("The body must be a JSON object.")
    # The text bounds the depth; only few messages have to be walked through.
    if text.count("{") + text.count("[") > MAX_DEPTH and _depth(value) > MAX_DEPTH:
        raise Unreadable(_TOO_DEEP)
    if "\\u0000" in text and _NUL.search(text):
        raise Unreadable("The body contains a NUL character.")
    if _SURROGATE.search(text):
        _refuse_lone_surrogates(value)
    return value


_TOO_DEEP = f"The body is nested more than {MAX_DEPTH} levels deep."


def _object(pairs):
    value = dict(pairs)
    if len(value) != len(pairs):
        seen = set()
        for name, _content in pairs:
            if name in seen:
                raise Unreadable(f"The name “{name[:60]}” occurs twice in one object.")
            seen.add(name)
    return value


def _integer(digits):
    if len(digits.lstrip("-")) <= _MAX_DIGITS:
        value = int(digits)
        if abs(value) <= MAX_INTEGER:
            return value
    raise Unreadable(f"The number {digits[:24]}… is out of range.")


def _float(digits):
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise Unreadable(f"The number {digits[:24]} is out of range.")
    return value


def _constant(name):
    raise Unreadable(f"{name} is not JSON.")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_integer,
    parse_float=_float,
    parse_constant=_constant,
)


def _depth(value):
    """Return how deeply a value is nested, without recursion."""
    deepest, stack = 0, [(value, 1)]
    while stack:
        node, level = stack.pop()
        deepest = max(deepest, level)
        children = node.values() if isinstance(node, dict) else node
        stack.extend(
            (child, level + 1) for child in children if isinstance(child, dict | list)
        )
    return deepest


def _refuse_lone_surrogates(value):
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise Unreadable("The body contains half a surrogate pair.") from error
