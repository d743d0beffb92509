"""The hash tree of RFC 6962, grown leaf by leaf.

A frontier is the list of the roots of the complete subtrees that a tree of a given size is
made of, the largest first. It is all that is needed to go on.
"""

import hashlib

EMPTY_ROOT = hashlib.sha256(b"").digest()
WIDTH = 32


def leaf_hash(data):
    """Hash of a leaf."""
    return hashlib.sha256(b"\0" + data).digest()


def node_hash(left, right):
    """Hash of an inner node."""
    return hashlib.sha256(b"\1" + left + right).digest()


def append(frontier, size, leaf):
    """Add a leaf hash to a tree of ``size`` leaves, changing ``frontier``."""
    frontier.append(leaf)
    while size & 1:
        right = frontier.pop()
        frontier.append(node_hash(frontier.pop(), right))
        size >>= 1


def root(frontier):
    """Root of the tree with this frontier."""
    if not frontier:
        return EMPTY_ROOT
    found = frontier[-1]
    for left in reversed(frontier[:-1]):
        found = node_hash(left, found)
    return found


def root_of(leaves):
    """Root of the tree over an iterable of leaf hashes."""
    frontier = []
    for size, leaf in enumerate(leaves):
        append(frontier, size, leaf)
    return root(frontier)


def dump(frontier):
    """The frontier as bytes."""
    return b"".join(frontier)


def load(data):
    """The frontier that :func:`dump` wrote."""
    return [data[start : start + WIDTH] for start in range(0, len(data), WIDTH)]
