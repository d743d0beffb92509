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
