from odoo import _, models
from odoo.exceptions import UserError

from ..engine import schema

MODULE = "mfg_audit_trail"


class IrModuleModule(models.Model):
    _inherit = "ir.module.module"

    def write(self, vals):
        """A trail that recorded something is removed by two people only.

        :raises UserError: nobody asked for it, or no second person agreed
        """
        if vals.get("state") == "to remove" and MODULE in self.mapped("name"):
            approved = self.env["mfg.audit.removal"]._approved()
            if schema.has_events(self.env.cr) and not approved:
                raise UserError(
                    _(
                        "The audit trail holds records, so one person alone cannot"
                        " uninstall it. Ask for its removal under Audit Trail ▸"
                        " Configuration ▸ Removal, and let another audit administrator"
                        " agree; then uninstall within %(hours)s hours.",
                        hours=self.env["mfg.audit.removal"]._valid_hours,
                    )
                )
        return super().write(vals)
