from odoo import _
from odoo.exceptions import UserError


def post_init_hook(env):
    """Give each company the row that validations and holds meet on."""
    env["mfg.quality.hold.guard"]._create_missing()


def uninstall_hook(env):
    """Refuse to take the guards away while something is on hold.

    :raises UserError: when a hold is open
    """
    count = env["mfg.quality.hold.line"].search_count([("state", "=", "active")])
    if count:
        raise UserError(
            _(
                "%(count)s hold lines are still active. Release or dispose of them before "
                "you uninstall the module.",
                count=count,
            )
        )
