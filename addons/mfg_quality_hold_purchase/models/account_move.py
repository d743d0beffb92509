from collections import defaultdict

from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_amount

from .res_company import PAYMENT_BLOCKING

BILLS = ("in_invoice", "in_receipt")
COMPUTED = [
    "quality_blocked_amount",
    "quality_payable_amount",
    "is_quality_blocked",
    "quality_hold_names",
]


class AccountMove(models.Model):
    _inherit = "account.move"

    quality_blocked_amount = fields.Monetary(
        "Blocked by Quality",
        compute="_compute_quality_block",
        # Accountants need no right to look at holds, stock or purchase orders.
        compute_sudo=True,
        help="Charged for goods that are on quality hold, or that went back and are not "
        "credited yet.",
    )
    quality_payable_amount = fields.Monetary(
        "Payable Now",
        compute="_compute_quality_block",
        compute_sudo=True,
        help="What may be paid of the bill: the goods that were accepted.",
    )
    is_quality_blocked = fields.Boolean(
        "Blocked by Quality Hold",
        compute="_compute_quality_block",
        compute_sudo=True,
        search="_search_is_quality_blocked",
    )
    quality_bill_policy = fields.Selection(related="company_id.quality_bill_policy")
    quality_hold_names = fields.Char(
        "Quality Holds", compute="_compute_quality_block", compute_sudo=True
    )
    quality_disposition_id = fields.Many2one(
        "mfg.quality.disposition",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="The decision to send goods back, for which this is the credit note.",
    )

    @api.depends(
        "amount_residual", "amount_total", "state", "invoice_line_ids.quantity"
    )
    def _compute_quality_block(self):
        blocked = self._quality_blocked()
        for move in self:
            amount, names = blocked.get(move._origin, (0, ""))
            residual = move.amount_residual
            move.quality_blocked_amount = min(amount, residual)
            move.quality_payable_amount = max(0, residual - amount)
            move.is_quality_blocked = bool(move.quality_blocked_amount)
            move.quality_hold_names = names

    @api.model
    def _search_is_quality_blocked(self, operator, value):
        if operator not in ("=", "!=") or not isinstance(value, bool):
            raise UserError(_("Blocked bills are searched by yes or no."))
        # The holds behind the answer are none of the accountant's business.
        PurchaseLine = self.env["purchase.order.line"].sudo()
        book = self.env["mfg.quality.hold.line"]._book()
        products = (
            [] if book.everywhere else [("product_id", "in", list(book.products))]
        )
        returns = self.env["stock.move"].sudo()  # as above
        returned = returns._read_group(
            [
                ("quality_disposition_line_id", "!=", False),
                ("purchase_line_id", "!=", False),
                ("state", "=", "done"),
            ],
            ["purchase_line_id"],
        )
        lines = PurchaseLine.search([("qty_invoiced", ">", 0), *products])
        lines |= PurchaseLine.union(*(line for (line,) in returned))
        bills = lines.invoice_lines.move_id
        ids = [bill.id for bill in bills if bill.is_quality_blocked]
        return [("id", "in" if (operator == "=") == value else "not in", ids)]

    # -- gates -------------------------------------------------------------------------

    def _post(self, soft=True):
        for bill in self._quality_guarded():
            if (
                bill.company_id.quality_bill_policy == "block_posting"
                and bill.is_quality_blocked
            ):
                raise UserError(
                    _(
                        "Bill %(bill)s cannot be posted: %(amount)s of it is for goods on "
                        "quality hold or sent back (%(holds)s). Bill the accepted quantity "
                        "only, or wait for the release.",
                        bill=bill.display_name,
                        amount=format_amount(
                            self.env, bill.quality_blocked_amount, bill.currency_id
                        ),
                        holds=bill.quality_hold_names,
                    )
                )
        return super()._post(soft=soft)

    def _quality_guarded(self):
        """Bills whose payment the company's policy makes depend on quality."""
        # Holds begin and end without the bill: gates look at them afresh.
        self.invalidate_recordset(COMPUTED, flush=False)
        return self.filtered(
            lambda move: (
                move.move_type in BILLS
                and move.company_id.quality_bill_policy in PAYMENT_BLOCKING
            )
        )

    def _quality_refuse_payment(self):
        """Refuse to pay these bills.

        :raises UserError: always
        """
        raise (
            self._quality_holds()
            .with_env(self.env)
            ._refusal(
                _(
                    "Payment blocked: quality.\n%(bills)s",
                    bills="\n".join(
                        _(
                            "Bill %(bill)s: %(payable)s of %(residual)s may be paid; the rest "
                            "is for goods on quality hold or sent back (%(holds)s). Pay the "
                            "accepted part, or wait until quality has released the goods or "
                            "the credit note is posted.",
                            bill=bill.name,
                            payable=format_amount(
                                self.env, bill.quality_payable_amount, bill.currency_id
                            ),
                            residual=format_amount(
                                self.env, bill.amount_residual, bill.currency_id
                            ),
                            holds=bill.quality_hold_names,
                        )
                        for bill in self
                    ),
                )
            )
        )

    # -- actions -----------------------------------------------------------------------

    def action_view_quality_holds(self):
        """Show the holds that keep a bill from being paid."""
        self.ensure_one()
        self.check_access_rights("read")
        self.check_access_rule("read")
        return self.env["mfg.quality.hold"]._action_of(self._quality_holds())

    # -- business ----------------------------------------------------------------------

    def _quality_holds(self):
        """Holds on, and decisions to send back, what the bills charge."""
        # Found for everybody; opening them needs the right to.
        lines = self.sudo().invoice_line_ids.purchase_line_id
        return self.env["mfg.quality.hold"].union(*lines._quality_holds().values())

    def _quality_blocked(self):
        """{bill: (amount, names of holds)} for goods that were not accepted.

        The amount includes taxes, in the currency of the bill. Bills that are open bear
        it before paid ones, and the latest ones first: the earlier charge what was
        accepted. The number of queries does not depend on the number of lines.
        """
        bills = self._origin.filtered(
            lambda move: (
                move.move_type in BILLS
                and move.state != "cancel"
                and move.company_id.quality_bill_policy != "off"
            )
        )
        purchase_lines = bills.invoice_line_ids.purchase_line_id
        if not purchase_lines:
            return {}
        unaccepted = purchase_lines._quality_unaccepted()
        if not unaccepted:
            return {}
        holds_of = purchase_lines.union(*unaccepted)._quality_holds()
        amounts, holds = defaultdict(float), {}
        for purchase_line, quantity in unaccepted.items():
            for line in purchase_line._quality_bearing_lines():
                charged = line.product_uom_id._compute_quantity(
                    line.quantity, purchase_line.product_uom, round=False
                )
                share = min(quantity, charged)
                if share <= 0:
                    continue
                quantity -= share
                bill = line.move_id
                amounts[bill] += line.price_total * share / charged
                holds[bill] = holds.get(bill, holds_of[purchase_line])
                holds[bill] |= holds_of[purchase_line]
        return {
            bill: (
                bill.currency_id.round(amount),
                ", ".join(holds[bill].mapped("name")),
            )
            for bill, amount in amounts.items()
        }
