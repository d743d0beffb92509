from odoo import fields, models


class AccountPayment(models.Model):
    _inherit = "account.payment"

    quality_bill_ids = fields.Many2many(
        "account.move",
        "mfg_quality_account_payment_bill_rel",
        "payment_id",
        "move_id",
        string="Registered for",
        readonly=True,
        copy=False,
        help="Bills for which the payment was registered.",
    )

    def action_post(self):
        """Post, unless the payment is for goods that quality has not accepted.

        :raises UserError: a payment is above what may be paid of its bills
        """
        for payment in self:
            payment._check_quality_block()
        return super().action_post()

    def _check_quality_block(self):
        self.ensure_one()
        if self.payment_type != "outbound":
            return
        bills = self.quality_bill_ids._quality_guarded()
        blocked = bills.filtered("is_quality_blocked")
        if not blocked:
            return
        payable = sum(
            bill.currency_id._convert(
                bill.quality_payable_amount,
                self.currency_id,
                self.company_id,
                self.date,
            )
            for bill in self.quality_bill_ids
        )
        if self.currency_id.compare_amounts(self.amount, payable) > 0:
            blocked._quality_refuse_payment()
