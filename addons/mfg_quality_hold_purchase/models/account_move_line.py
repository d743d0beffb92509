from odoo import models


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def action_register_payment(self):
        """Open the payment dialog, unless nothing of a bill may be paid.

        :raises UserError: all that is left of a bill is blocked by quality
        """
        refused = self.move_id._quality_guarded().filtered(
            lambda bill: bill.is_quality_blocked and not bill.quality_payable_amount
        )
        if refused:
            refused._quality_refuse_payment()
        return super().action_register_payment()
