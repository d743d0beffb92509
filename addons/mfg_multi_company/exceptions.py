"""Refusals of this module that programs may want to tell apart.

All are errors of the user, so that schedulers, imports and message handlers take them
for what they are; the classes tell programs what is missing.
"""

from odoo.exceptions import UserError


class ItemNotMapped(UserError):
    """No approved code says which product it is."""


class UnitNotMapped(UserError):
    """A quantity has no exact counterpart in the other unit."""


class ReleaseRefusal(UserError):
    """A document waits for its release."""


class IntercompanyRefusal(UserError):
    """What one company did cannot be carried over to the other one.

    :ivar kind: key of ``mfg.ic.exception.kind``
    :ivar expected, actual: what both sides say, as text; may be empty
    """

    def __init__(self, message, kind="error", expected="", actual=""):
        super().__init__(message)
        self.kind = kind
        self.expected = expected
        self.actual = actual


class AgreementMissing(IntercompanyRefusal):
    """Two companies deal with each other and no agreement in force covers the day."""

    def __init__(self, message):
        super().__init__(message, kind="agreement")


class PriceMissing(IntercompanyRefusal):
    """No approved rule in force says what an item costs between two companies."""

    def __init__(self, message):
        super().__init__(message, kind="price")
