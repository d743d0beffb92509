"""Side by side, or alone: how threads of a process find out which work kills it.

When a process dies, each message its threads were at is a suspect. Were suspects tried
beside each other again, an innocent one could be set aside with the culprit.
"""

import threading
from contextlib import contextmanager


class Seclusion:
    """Lets the threads of a process work side by side, or one of them alone."""

    def __init__(self):
        self._changed = threading.Condition()
        self._working = 0
        self._secluded = False
        self._waiting = 0

    @contextmanager
    def beside_others(self):
        """Work while others do; who wants to be alone comes first."""
        with self._changed:
            self._changed.wait_for(lambda: not (self._secluded or self._waiting))
            self._working += 1
        try:
            yield
        finally:
            with self._changed:
                self._working -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self):
        """Work while no other thread does."""
        with self._changed:
            self._waiting += 1
            self._changed.wait_for(lambda: not (self._secluded or self._working))
            self._waiting -= 1
            self._secluded = True
        try:
            yield
        finally:
            with self._changed:
                self._secluded = False
                self._changed.notify_all()
