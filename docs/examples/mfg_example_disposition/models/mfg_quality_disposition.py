from odoo import _, fields, models
from odoo.exceptions import UserError


def _keep(records):
    """What was signed as a donation stays one when this module goes."""


class MfgQualityDisposition(models.Model):
    _inherit = "mfg.quality.disposition"

    kind = fields.Selection(
        selection_add=[("donate", "Donate")], ondelete={"donate": _keep}
    )
    recipient_id = fields.Many2one("res.partner", help="Who gets the donation.")

    def _content(self):
        content = super()._content()
        # Only there: signatures of other decisions, given before, still have to stand.
        if self.kind == "donate":
            content["recipient"] = self.recipient_id.id
        return content

    def _check_proposal(self):
        if self.kind == "donate" and not self.recipient_id:
            raise UserError(_("Say in the field Recipient who gets the donation."))
        return super()._check_proposal()

    def _execute_donate(self):
        recipient = self.recipient_id.with_company(self.company_id)
        for line in self.line_ids:
            moves = line._create_moves(recipient.property_stock_customer)
            moves.write({"partner_id": recipient.id, "picked": True})
            moves._action_done()
