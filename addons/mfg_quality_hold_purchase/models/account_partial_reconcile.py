from collections import defaultdict

from odoo import api, models

AMOUNTS = ("amount", "credit_amount_currency")
MATCHING = {*AMOUNTS, "credit_move_id", "debit_move_id"}


class AccountPartialReconcile(models.Model):
    """Whatever pays a bill ends here: registered payments, outstanding debits, bank
    statements, reconciliation models, journal entries set off against it."""

    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        self._check_quality_block(vals_list)
        return super().create(vals_list)

    def write(self, vals):
        if MATCHING & set(vals):
            # Accountants may write these over RPC: what a match grows by is a payment.
            self._check_quality_block(
                [partial._quality_growth(vals) for partial in self]
            )
        return super().write(vals)

    def _quality_growth(self, vals):
        """By how much a match would settle more, as values of a new match."""
        self.ensure_one()
        after = {field: vals.get(field, self[field]) for field in AMOUNTS}
        line_id = vals.get("credit_move_id", self.credit_move_id.id)
        if line_id == self.credit_move_id.id:
            after = {field: after[field] - self[field] for field in AMOUNTS}
        return {
            "credit_move_id": line_id,
            "debit_move_id": vals.get("debit_move_id", self.debit_move_id.id),
            **after,
        }

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
                amount = vals.get("credit_amount_currency", 0)
                if line.currency_id == line.company_currency_id:
                    amount = max(amount, vals.get("amount", 0))
                bucket[line.move_id] += amount
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
