from odoo import _, api, models
from odoo.exceptions import UserError


class IrModuleModule(models.Model):
    _inherit = "ir.module.module"

    def button_uninstall(self):
        """Refuse at once, rather than in the middle of the uninstallation, while stock is
        on hold.

        :raises UserError: when a hold is open
        """
        if "mfg_quality_hold" in (self | self.downstream_dependencies()).mapped("name"):
            self._check_nothing_on_hold()
        return super().button_uninstall()

    @api.model
    def _check_nothing_on_hold(self):
        """A hold must not disappear with the module that keeps it.

        :raises UserError: when a hold is open
        """
        # Of every company, whoever uninstalls.
        lines = self.env["mfg.quality.hold.line"].sudo()
        active = lines.search([("state", "=", "active")])
        if active:
            raise UserError(
                _(
                    "%(count)s hold lines are still active (%(holds)s). Release or dispose "
                    "of them before you uninstall the module.",
                    count=len(active),
                    holds=", ".join(active.hold_id[:5].mapped("name")),
                )
            )
