from odoo import Command, api, fields, models


class AccountPaymentRegister(models.TransientModel):
    _inherit = "account.payment.register"

    quality_blocked_amount = fields.Monetary(
        "Blocked by Quality",
        compute="_compute_quality_blocked_amount",
        currency_field="source_currency_id",
    )

    @api.depends("line_ids")
    def _compute_quality_blocked_amount(self):
        for wizard in self:
            bills = wizard.line_ids.move_id._quality_guarded()
            wizard.quality_blocked_amount = sum(bills.mapped("quality_blocked_amount"))

    def _compute_amount(self):
        """Propose what may be paid."""
        res = super()._compute_amount()
        for wizard in self:
            if (
                wizard.quality_blocked_amount
                and wizard.can_edit_wizard
                and wizard.currency_id == wizard.source_currency_id
            ):
                bills = wizard.line_ids.move_id
                wizard.amount = min(
                    wizard.amount, sum(bills.mapped("quality_payable_amount"))
                )
        return res

    def _create_payment_vals_from_wizard(self, batch_result):
        values = super()._create_payment_vals_from_wizard(batch_result)
        return self._add_quality_bills(values, batch_result)

    def _create_payment_vals_from_batch(self, batch_result):
        values = super()._create_payment_vals_from_batch(batch_result)
        return self._add_quality_bills(values, batch_result)

    @api.model
    def _add_quality_bills(self, values, batch_result):
        bills = batch_result["lines"].move_id.filtered(lambda move: move.is_invoice())
        return dict(values, quality_bill_ids=[Command.set(bills.ids)])
