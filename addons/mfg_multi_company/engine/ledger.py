"""What a database transaction knows about decisions, out of reach of any caller.

Callers choose the context of a call, over RPC freely, and server actions may use sudo.
Nothing that lets a guarded field change may travel in the context or depend on
``env.su``. It is noted here, on the cursor's ledger, which only Python code of this
module reaches.
"""

from contextlib import contextmanager
from weakref import WeakKeyDictionary

_ledgers = WeakKeyDictionary()


class Ledger:
    """What the running call of a business method may do that nobody may do directly."""

    def __init__(self):
        self.in_transition = 0
        self.applying = 0
        self.released = frozenset()
        self.splitting = 0
        self.scheduling = 0
        self.agreeing = 0
        self.mirroring = 0

    @contextmanager
    def transition(self):
        """A business method changes fields that only decisions change."""
        self.in_transition += 1
        try:
            yield
        finally:
            self.in_transition -= 1

    @contextmanager
    def applying_decision(self):
        """What was decided is written into governed fields."""
        self.applying += 1
        try:
            yield
        finally:
            self.applying -= 1

    @contextmanager
    def running(self, documents):
        """Documents whose release was verified go on; Odoo changes them on the way."""
        before = self.released
        self.released = before | {(record._name, record.id) for record in documents}
        try:
            yield
        finally:
            self.released = before

    @contextmanager
    def split_of_released(self):
        """Parts of released documents come into being; they get their release after."""
        self.splitting += 1
        try:
            yield
        finally:
            self.splitting -= 1

    @contextmanager
    def scheduler(self):
        """Documents without a release stay drafts instead of stopping the scheduler."""
        self.scheduling += 1
        try:
            yield
        finally:
            self.scheduling -= 1

    @contextmanager
    def agreed(self):
        """What both companies agreed on is written into the documents of either."""
        self.agreeing += 1
        try:
            yield
        finally:
            self.agreeing -= 1

    @contextmanager
    def mirror(self):
        """Lots are tied to the lots of the company that delivered them."""
        self.mirroring += 1
        try:
            yield
        finally:
            self.mirroring -= 1


def ledger(cursor):
    """The ledger of a cursor."""
    found = _ledgers.get(cursor)
    if found is None:
        found = _ledgers[cursor] = Ledger()
    return found
