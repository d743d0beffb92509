"""What a handler raises when a message came before another one that it needs."""

from odoo.exceptions import UserError


class NotYet(UserError):
    """The message is set apart until what it needs is there, or its time is over.

    Messages that follow go on meanwhile; the one that brings what is missing wakes it, see
    :meth:`MfgIntegrationInbox._wake`.
    """

    def __init__(self, cause, waits_for):
        """
        :param cause: in words, for the owner if it waits in vain
        :param str waits_for: key of what has to happen, e.g. ``mrp.production,42``
        """
        super().__init__(cause)
        self.waits_for = waits_for
