from odoo import _, api, models
from odoo.exceptions import UserError
from odoo.tools import plaintext2html


class MfgIntegrationHandlerNote(models.AbstractModel):
    """Lets the operators of another system tell ours something: a stop, a new release."""

    _name = "mfg.integration.handler.note"
    _inherit = "mfg.integration.handler"
    _description = "Handler of system.note"
    _message_type = "system.note"

    @api.model
    def _handle(self, payload, message):
        """Post the note on the form of the system, for its followers.

        :raises UserError: there is nothing in it to read
        """
        text = payload["text"].strip()
        if not text:
            raise UserError(
                _("The note is empty. Ask the sender what they meant to say.")
            )
        # sudo: a note goes on the system that its key belongs to and changes nothing
        system = self.env["mfg.integration.system"].sudo().browse(message.system_id)
        note = system.message_post(
            body=plaintext2html(text), author_id=self.env.user.partner_id.id
        )
        message.link(system)
        return {"note": note.id}
