from odoo.exceptions import UserError


class ReasonRequired(UserError):
    """A rule wants a reason with this change; the web client asks for it and goes on."""
