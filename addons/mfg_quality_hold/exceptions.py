from odoo.exceptions import UserError


class HoldRefusal(UserError):
    """A guard says no. For Python, RPC and imports a UserError; in the web client its
    dialog also has a button that opens the hold.

    It is no RedirectWarning, because that is no UserError: whoever handles refusals of
    Odoo, such as schedulers and message handlers, would take it for a crash.
    """

    # The web client looks here for the dialog of an exception it does not know by name.
    context = {"exception_class": "odoo.exceptions.RedirectWarning"}

    def __init__(self, message, action, button):
        """
        :param str message: what is refused, why, and what to do
        :param dict action: the window action of the button
        :param str button: its label
        """
        super().__init__(message)
        self.args = (message, action, button)

    def __str__(self):
        return self.args[0]
