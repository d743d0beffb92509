"""Places in a JSON document: ``order.lines[].product.code``.

Names joined by dots; ``[]`` behind a name means every element of its list.
"""

import re

_SEGMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_-]*)((?:\[\])*)")
#: stands for every element of a list
EACH = object()


def parse(text):
    """Return the steps of a path: names, and :data:`EACH` for the elements of a list.

    :raises ValueError: not a path
    """
    steps = []
    for segment in text.strip().split("."):
        match = _SEGMENT.fullmatch(segment)
        if not match:
            raise ValueError(
                f"“{text.strip()}” is not a path such as order.lines[].product"
            )
        steps.append(match[1])
        steps += [EACH] * (len(match[2]) // 2)
    return tuple(steps)


def parse_lines(text):
    """Return the paths of a text with one path a line.

    :raises ValueError: one of them is not a path
    """
    return tuple(parse(line) for line in (text or "").splitlines() if line.strip())


def slots(document, steps):
    """Yield ``(container, key)`` of every place a path leads to in a document.

    What is absent, or is of another kind than the path expects, is passed over.
    """
    *first, last = steps
    containers = [document]
    for step in first:
        containers = [
            child for container in containers for child in _children(container, step)
        ]
    for container in containers:
        if last is EACH:
            if isinstance(container, list):
                yield from ((container, index) for index in range(len(container)))
        elif isinstance(container, dict) and last in container:
            yield container, last


def tree(all_steps):
    """Return paths as nested dicts; a path that ends leaves an empty one."""
    root = {}
    for steps in all_steps:
        node = root
        for step in steps:
            node = node.setdefault(step, {})
    return root


def pruned(value, node):
    """Return a copy of ``value`` with what the paths of ``node`` name, all of it if the
    node is empty."""
    if isinstance(value, dict):
        return {
            name: pruned(child, node.get(name, {}))
            for name, child in value.items()
            if not node or name in node
        }
    if isinstance(value, list):
        inside = node.get(EACH, {} if not node else None)
        return [] if inside is None else [pruned(child, inside) for child in value]
    return value


def _children(container, step):
    if step is EACH:
        return container if isinstance(container, list) else ()
    if isinstance(container, dict) and step in container:
        return (container[step],)
    return ()
