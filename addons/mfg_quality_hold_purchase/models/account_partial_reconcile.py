from collections import defaultdict

from odoo import api, models


class AccountPartialReconcile(models.Model):
    """Whatever pays a bill ends here: registered payments, outstanding debits, bank
    statements, reconciliation models, journal entries set off against it."""

    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        self._check_quality_block(vals_list)
        return super().create(vals_list)

    @api.model
    def _check_quality_block(self, vals_list):
        """Refuse to settle more of a bill than was accepted.

        Credit notes may always be set off: they are how the rest is settled.
        """
        Line = self.env["account.move.line"]
        lines = Line.browse([vals["credit_move_id"] for vals in vals_list])
        bills = lines.move_id._quality_guarded()
        if not bills:
            return
        paid, credited = defaultdict(float), defaultdict(float)
        for vals, line in zip(vals_list, lines, strict=True):
            if line.move_id in bills:
                other = Line.browse(vals["debit_move_id"]).move_id
                bucket = credited if other.move_type == "in_refund" else paid
                bucket[line.move_id] += vals["credit_amount_currency"]
        paying = bills.filtered(lambda bill: paid.get(bill))
        refused = paying.filtered(
            lambda bill: (
                bill.is_quality_blocked
                and bill.currency_id.compare_amounts(
                    paid[bill] + credited[bill], bill.quality_payable_amount
                )
                > 0
            )
        )
        if refused:
            refused._quality_refuse_payment()
