"""What changes between two versions of a JSON Schema, and whom it breaks.

A narrower schema refuses messages that were right before: it breaks who writes them. A wider
one allows messages that were wrong before: it breaks who reads them. What cannot be compared
counts as both, so that a person looks at it.
"""

from dataclasses import dataclass

#: keywords with a lower bound, and those with an upper one
_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
#: compared as they stand
_OPAQUE = (
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "format",
    "pattern",
    "multipleOf",
    "uniqueItems",
    "contains",
    "patternProperties",
    "propertyNames",
    "dependencies",
)
_EVERY_TYPE = frozenset(
    {"array", "boolean", "integer", "null", "number", "object", "string"}
)
_MAX_DEPTH = 30


@dataclass(frozen=True, slots=True)
class Difference:
    """One change, in words."""

    path: str
    text: str
    narrower: bool = False
    wider: bool = False

    def breaks(self, direction):
        """Tell whether the other side of an interface has to change something.

        :param direction: ``outbound``: they read, ``inbound``: they write
        """
        return self.wider if direction == "outbound" else self.narrower

    def __str__(self):
        return f"{self.path or 'message'}: {self.text}"


def differences(old, new):
    """Return the differences between two schemas, decoded, in the order of their paths."""
    if old == new:
        return []
    return list(_compare(old, new, "", (old, new), ((old, new),)))


def _compare(old, new, path, roots, above):
    """Yield what differs; ``above`` are the pairs of schemas on the way here."""
    old, new = _resolved(old, roots[0]), _resolved(new, roots[1])
    if any(old is before and new is after for before, after in above[1:]):
        return  # a schema that refers to itself: told of one level above
    above = (*above, (old, new))
    if (
        not isinstance(old, dict)
        or not isinstance(new, dict)
        or len(above) > _MAX_DEPTH
    ):
        if old == new:
            return
        yield Difference(path, "is described differently", True, True)
        return
    yield from _types(old, new, path)
    yield from _values(old, new, path)
    yield from _bounds(old, new, path)
    for keyword in _OPAQUE:
        if old.get(keyword) != new.get(keyword):
            yield Difference(path, f"“{keyword}” changed", True, True)
    yield from _properties(old, new, path, roots, above)
    if "items" in old or "items" in new:
        inside = old.get("items", {}), new.get("items", {})
        yield from _compare(*inside, f"{path}[]", roots, above)


def _resolved(schema, root):
    """Follow references inside the document."""
    for _step in range(_MAX_DEPTH):
        reference = schema.get("$ref") if isinstance(schema, dict) else None
        if not isinstance(reference, str) or not reference.startswith("#/"):
            break
        target = root
        for part in reference[2:].split("/"):
            name = part.replace("~1", "/").replace("~0", "~")
            target = target.get(name) if isinstance(target, dict) else None
        schema = target
    return {} if schema is True else schema


def _types(old, new, path):
    before, after = _type_set(old), _type_set(new)
    if before != after:
        yield Difference(
            path,
            f"type {_listed(old.get('type', 'any'))} became "
            f"{_listed(new.get('type', 'any'))}",
            narrower=bool(before - after),
            wider=bool(after - before),
        )


def _type_set(schema):
    kinds = schema.get("type", _EVERY_TYPE)
    kinds = {kinds} if isinstance(kinds, str) else set(kinds)
    return kinds | ({"integer"} if "number" in kinds else set())


def _values(old, new, path):
    before, after = _enumeration(old), _enumeration(new)
    if before == after:
        return
    if before is None:
        yield Difference(path, f"only {_listed(after)} are allowed now", narrower=True)
    elif after is None:
        yield Difference(path, "any value is allowed now", wider=True)
    else:
        gone = [value for value in before if value not in after]
        added = [value for value in after if value not in before]
        if gone:
            yield Difference(
                path, f"{_listed(gone)} not allowed any more", narrower=True
            )
        if added:
            yield Difference(path, f"{_listed(added)} allowed, too", wider=True)


def _enumeration(schema):
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _bounds(old, new, path):
    for keywords, sign in ((_LOWER, 1), (_UPPER, -1)):
        for keyword in keywords:
            before, after = old.get(keyword), new.get(keyword)
            if before == after:
                continue
            narrower = before is None or (
                after is not None and sign * (after - before) > 0
            )
            yield Difference(
                path,
                f"{keyword} {_shown(before)} became {_shown(after)}",
                narrower=narrower,
                wider=not narrower,
            )


def _properties(old, new, path, roots, above):
    before, after = old.get("properties", {}), new.get("properties", {})
    needed_before = set(old.get("required", ()))
    needed_after = set(new.get("required", ()))
    for name in sorted({*before, *after, *needed_before, *needed_after}):
        place = f"{path}.{name}" if path else name
        needed = name in needed_after
        if name not in before and name in after:
            yield Difference(
                place,
                f"new {'required' if needed else 'optional'} field",
                narrower=needed,
                wider=_is_closed(old),
            )
            continue
        if name in before and name not in after:
            yield Difference(
                place,
                "field removed",
                narrower=_is_closed(new),
                wider=name in needed_before,
            )
            continue
        if name in needed_before and not needed:
            yield Difference(place, "not required any more", wider=True)
        elif name not in needed_before and needed:
            yield Difference(place, "required now", narrower=True)
        if name in before:
            yield from _compare(before[name], after[name], place, roots, above)
    if _is_closed(old) != _is_closed(new):
        closed = _is_closed(new)
        yield Difference(
            path,
            "other fields are refused now"
            if closed
            else "other fields are allowed now",
            narrower=closed,
            wider=not closed,
        )


def _is_closed(schema):
    return schema.get("additionalProperties") is False


def _listed(values):
    values = [values] if isinstance(values, str) else values
    return ", ".join(_shown(value) for value in values)


def _shown(value):
    return "none" if value is None else str(value)
