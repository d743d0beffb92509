from odoo import _, models
from odoo.exceptions import UserError


class MfgIntegrationDocumented(models.AbstractModel):
    """Part of messages: the document they are about, in res_model and res_id."""

    _name = "mfg.integration.documented"
    _description = "Message about a Document"

    def action_open_record(self):
        """Open the document the message is about.

        :return: window action
        :raises UserError: it does not exist any more, or the message made none
        """
        self.ensure_one()
        known = self.res_model in self.env and self.res_id
        record = known and self.env[self.res_model].browse(self.res_id).exists()
        if not record:
            raise UserError(
                _(
                    "There is no document of %(message)s, or it does not exist any more.",
                    message=self.subject,
                )
            )
        return {
            "type": "ir.actions.act_window",
            "res_model": record._name,
            "res_id": record.id,
            "view_mode": "form",
            "views": [(False, "form")],
        }
