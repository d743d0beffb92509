"""What a database transaction knows about holds, out of reach of any caller.

Callers choose the context of a call, over RPC freely, and server actions may use sudo.
Nothing that allows a stock change may therefore travel in the context or depend on
``env.su``. What the guards have already verified is noted here, on the cursor's ledger,
which only Python code of this module can reach.
"""

from collections import Counter
from contextlib import contextmanager
from weakref import WeakKeyDictionary

# A marker in the context that restricts what is found. No RPC client can send this very
# object; and sending anything else changes nothing.
FREE_STOCK_ONLY = object()
# The same while a reservation is being composed, which then trims it to what is free.
FREE_STOCK_TO_TRIM = object()
FREE_STOCK_KEY = "mfg_quality_free_stock_only"

_ledgers = WeakKeyDictionary()


class Ledger:
    """Verified allowances of the running call, per stock key.

    A key is the tuple of ids (product, location, lot, package, owner), the way quants
    are told apart; an allowance is a quantity in the product's unit.
    """

    def __init__(self):
        self.reservable = Counter()
        self.movable = Counter()
        self.checked_key = None
        self.in_transition = 0
        self.finishing = 0
        self.finished_lines = set()

    @contextmanager
    def allowing(self, reservable=None, movable=None):
        """Let these quantities pass the guards while the block runs."""
        before = self.reservable, self.movable
        self.reservable = before[0] + Counter(reservable or {})
        self.movable = before[1] + Counter(movable or {})
        try:
            yield
        finally:
            self.reservable, self.movable = before

    @contextmanager
    def checked_update(self, key):
        """Quants of this stock key are changed by Odoo's own method, after our check."""
        before, self.checked_key = self.checked_key, key
        try:
            yield
        finally:
            self.checked_key = before

    @contextmanager
    def finishing_moves(self):
        """Moves are being done; their lines, once checked, need no second look."""
        self.finishing += 1
        try:
            yield
        finally:
            self.finishing -= 1
            if not self.finishing:
                self.finished_lines.clear()

    @contextmanager
    def transition(self):
        """A business method of a hold changes what nobody may write directly."""
        self.in_transition += 1
        try:
            yield
        finally:
            self.in_transition -= 1


def ledger(cursor):
    """The ledger of a cursor."""
    found = _ledgers.get(cursor)
    if found is None:
        found = _ledgers[cursor] = Ledger()
    return found


def stock_key(product, location, lot=None, package=None, owner=None):
    """The ids by which Odoo tells quants apart; absent records are False."""
    return (
        product.id,
        location.id,
        lot.id if lot else False,
        package.id if package else False,
        owner.id if owner else False,
    )
