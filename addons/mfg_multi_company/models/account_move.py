from odoo import _, api, fields, models
from odoo.exceptions import AccessError

from ..exceptions import IntercompanyRefusal

# An invoice of the seller, and what it becomes at the buyer.
MIRRORED = {"out_invoice": "in_invoice", "out_refund": "in_refund"}
DOC_TYPES = {
    "out_invoice": "invoice",
    "out_refund": "credit",
    "in_invoice": "bill",
    "in_refund": "refund",
}


class AccountMove(models.Model):
    _inherit = "account.move"

    mfg_ic_flow_id = fields.Many2one(
        "mfg.ic.flow",
        "Intercompany Flow",
        compute="_compute_mfg_ic_flow_id",
        compute_sudo=True,
    )

    def _compute_mfg_ic_flow_id(self):
        links = self.env["mfg.ic.link"].search(
            [("res_model", "=", self._name), ("res_id", "in", self.ids)]
        )
        flows = {link.res_id: link.flow_id for link in links}
        for move in self:
            move.mfg_ic_flow_id = flows.get(move.id)

    # -- what Odoo does ----------------------------------------------------------------

    def _post(self, soft=True):
        posted = super()._post(soft)
        # Documents of others pay for one look into a dictionary.
        partners = self.env["mfg.ic.agreement"]._company_by_partner()
        if partners:
            between = posted.filtered(
                lambda move: move.commercial_partner_id.id in partners
            )
            for move in between:
                if move.move_type in MIRRORED:
                    move._mfg_ic_mirror()
                elif move.move_type in DOC_TYPES:
                    move._mfg_ic_compare()
        return posted

    def button_draft(self):
        res = super().button_draft()
        self._mfg_ic_follow("button_draft")
        return res

    def button_cancel(self):
        res = super().button_cancel()
        self._mfg_ic_follow("button_cancel")
        return res

    def action_view_mfg_ic_flow(self):
        """Open the intercompany flow of the invoice."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "mfg.ic.flow",
            "res_id": self.mfg_ic_flow_id.id,
            "view_mode": "form",
        }

    @api.model
    def _mfg_ic_check_reader(self):
        """:raises AccessError: the user may not read invoices and bills"""
        if not self.check_access_rights("read", raise_exception=False):
            raise AccessError(
                _(
                    "Invoices and bills are for people with rights in accounting. Ask an"
                    " accountant of either company, or your administrator for the right."
                )
            )

    # -- invoice → bill ----------------------------------------------------------------

    def _mfg_ic_retry(self, step):
        """Do a step again that failed, see ``mfg.ic.exception.action_retry``."""
        if step == "bill":
            self._mfg_ic_mirror()
        elif step == "compare":
            self._mfg_ic_complete()
        elif step in ("button_draft", "button_cancel"):
            self._mfg_ic_follow(step)

    def _mfg_ic_mirror(self):
        """Give the buyer the bill for an invoice, once, and compare both."""
        self.ensure_one()
        agreements = self.env["mfg.ic.agreement"]
        seller = self.company_id
        buyer = agreements._mfg_ic_company(self.commercial_partner_id)
        if not buyer or buyer == seller or self.state != "posted":
            return
        agreement = agreements._mfg_ic_lookup(seller, buyer, self.invoice_date)
        if not agreement:
            self._mfg_ic_miss_agreement(seller, buyer)
            return
        if not agreement.mirror_invoices:
            return
        flow = self._mfg_ic_open(agreement)
        bill = agreement._mfg_ic_carry_over(
            "buyer",
            self,
            "bill",
            lambda env: self._mfg_ic_bring_bill(env, agreement, flow),
            flow,
        )
        if bill:
            flow._reach("billed", "buyer")
            bill._mfg_ic_compare()

    def _mfg_ic_complete(self):
        """Post the bill if nothing keeps it from being posted any more, and compare."""
        self.ensure_one()
        _invoice, bill = self._mfg_ic_pair()
        flow = self.env["mfg.ic.flow"]._flow_of(self)
        agreement = flow.agreement_id
        if (
            bill.state == "draft"
            and agreement.bill_validation == "post"
            and not self._mfg_ic_differs(bill)
        ):
            agreement._mfg_ic_carry_over(
                "buyer",
                self,
                "compare",
                lambda env: bill.with_env(env)._post(soft=False),
                flow,
            )
        else:
            self._mfg_ic_compare()

    def _mfg_ic_miss_agreement(self, seller, buyer):
        self.env["mfg.ic.exception"]._raise(
            "agreement",
            _(
                "%(seller)s invoiced %(buyer)s on %(date)s, and no agreement in force covers "
                "it. Prepare one under Intercompany ▸ Agreements, have both sides approve "
                "it, and repeat.",
                seller=seller.name,
                buyer=buyer.sudo().name,  # partners know each other's names
                date=self.invoice_date,
            ),
            document=self,
            step="bill",
            seller=seller,
            buyer=buyer,
        )

    def _mfg_ic_open(self, agreement):
        """The flow of an invoice, locked, with the invoice in it."""
        doc_type = DOC_TYPES[self.move_type]
        flow = self._mfg_ic_flow()
        if flow:
            flow._lock()
            flow._link("seller", self, doc_type)
        else:
            flow = self.env["mfg.ic.flow"]._open(
                agreement, self, doc_type, currency_id=self.currency_id.id
            )
        flow._reach("invoiced", "seller", self.name)
        return flow

    def _mfg_ic_flow(self):
        """The flow that an invoice continues; empty: it begins one.

        Extended by modules that know the orders it is about.
        """
        flows = self.env["mfg.ic.flow"]
        return flows._flow_of(self) or (
            self.reversed_entry_id
            and flows._flow_of(self.reversed_entry_id)
            or flows.sudo()  # empty
        )

    def _mfg_ic_bring_bill(self, env, agreement, flow):
        """The bill in the buyer's books, as the invoice has it by now.

        :param env: environment of the buyer's service user
        :raises IntercompanyRefusal: it cannot be
        """
        source = flow._link("seller", self, DOC_TYPES[self.move_type])
        bill = source._mirror_document(env)
        values = self._mfg_ic_prepare_bill(env, agreement)
        if bill.state == "posted":
            if bill.currency_id.compare_amounts(bill.amount_total, self.amount_total):
                raise IntercompanyRefusal(
                    _(
                        "%(invoice)s was changed after its bill had been posted. The owner "
                        "at the buyer resets the bill to draft and repeats.",
                        invoice=self.name,
                    ),
                    kind="total",
                    expected=self._mfg_ic_amount(self),
                    actual=self._mfg_ic_amount(bill),
                )
            return bill
        if bill:
            # The record stays, and with it what people noted there.
            if bill.state == "cancel":
                bill.button_draft()
            values["invoice_line_ids"] = [
                fields.Command.clear(),
                *values["invoice_line_ids"],
            ]
            bill.write(values)
        else:
            bill = env["account.move"].create(values)
            flow._link("buyer", bill, DOC_TYPES[bill.move_type]).source_link_id = source
        problem = self._mfg_ic_align(bill, agreement)
        if not problem and agreement.bill_validation == "post":
            bill._post(soft=False)
        return bill

    def _mfg_ic_prepare_bill(self, env, agreement):
        """Values of the bill for an invoice, its lines included.

        :raises IntercompanyRefusal: something of it has no counterpart at the buyer
        """
        side = agreement._side("buyer")
        buyer = agreement.buyer_company_id
        self._mfg_ic_check_rate(buyer)
        term = self.invoice_payment_term_id
        shared_term = term if not term.company_id or term.company_id == buyer else None
        values = {
            "move_type": MIRRORED[self.move_type],
            "company_id": buyer.id,
            "partner_id": agreement.seller_company_id.partner_id.id,
            "journal_id": side.journal_id.id,
            "currency_id": self.currency_id.id,
            "invoice_date": self.invoice_date,
            "date": self.date,
            "ref": self.name,
            "payment_reference": self.payment_reference,
            "invoice_origin": self.invoice_origin,
            "invoice_payment_term_id": shared_term and shared_term.id,
            "invoice_date_due": self.invoice_date_due,
            "invoice_line_ids": [
                fields.Command.create(line)
                for line in self.invoice_line_ids._mfg_ic_prepare_bill_lines(
                    env, agreement
                )
            ],
        }
        if side.fiscal_position_id:
            values["fiscal_position_id"] = side.fiscal_position_id.id
        original = self.reversed_entry_id
        if original:
            links = self.env["mfg.ic.link"]._of_documents(original)
            values["reversed_entry_id"] = links._mirror_document(env).id
        return values

    def _mfg_ic_check_rate(self, buyer):
        """:raises IntercompanyRefusal: the buyer has no rate, Odoo would take 1"""
        if self.currency_id == buyer.currency_id:
            return
        known = (
            self.env["res.currency.rate"]
            .sudo()  # rates are no secret
            .search_count(
                [
                    ("currency_id", "=", self.currency_id.id),
                    ("company_id", "in", (False, buyer.root_id.id)),
                    ("name", "<=", self.invoice_date),
                ],
                limit=1,
            )
        )
        if not known:
            raise IntercompanyRefusal(
                _(
                    "%(buyer)s has no rate of %(currency)s on %(date)s. Its accountants "
                    "enter one, and the owner repeats.",
                    buyer=buyer.name,
                    currency=self.currency_id.name,
                    date=self.invoice_date,
                ),
                kind="currency",
            )

    def _mfg_ic_align(self, bill, agreement):
        """Book what the totals differ by, up to the tolerance, and look at the period.

        :param bill: draft, in the environment of the buyer's service user
        :return: whether the bill has to stay a draft
        """
        currency = self.currency_id
        difference = self.amount_total - bill.amount_total
        tolerance = agreement.currency_id._convert(
            agreement.tolerance_total,
            currency,
            agreement.seller_company_id,
            self.invoice_date,
        )
        if (
            not currency.is_zero(difference)
            and agreement.tax_policy == "total"
            and currency.compare_amounts(abs(difference), tolerance) <= 0
        ):
            bill.write(
                {
                    "invoice_line_ids": [
                        fields.Command.create(
                            self._mfg_ic_prepare_difference(agreement, difference)
                        )
                    ]
                }
            )
            difference = self.amount_total - bill.amount_total
        return bool(not currency.is_zero(difference) or bill._mfg_ic_locked_until(self))

    def _mfg_ic_prepare_difference(self, agreement, difference):
        return {
            "name": _("Difference to the seller's total"),
            "account_id": agreement._side("buyer").difference_account_id.id,
            "quantity": 1,
            "price_unit": difference,
            "tax_ids": [fields.Command.clear()],
        }

    def _mfg_ic_locked_until(self, invoice):
        """The lock date that the day of the invoice meets in the books of the bill."""
        locks = self._get_violated_lock_dates(invoice.date, self._affect_tax_report())
        return locks and locks[-1][0]

    # -- both sides --------------------------------------------------------------------

    def _mfg_ic_pair(self):
        """(invoice, bill) that this one belongs to, with superuser rights."""
        # Amounts of both sides are compared, whoever sets it off.
        link = self.env["mfg.ic.link"]._of_documents(self)[:1]
        source = link.source_link_id or link
        moves = self.env["account.move"].sudo()
        return (
            moves.browse(source.res_id if source else ()).exists(),
            source._mirror_document(moves.env) if source else moves,
        )

    def _mfg_ic_compare(self):
        """Tell both owners if invoice and bill differ; close what was told before."""
        for move in self:
            invoice, bill = move._mfg_ic_pair()
            if not (invoice and bill):
                continue
            problem = invoice._mfg_ic_differs(bill)
            flow = self.env["mfg.ic.flow"]._flow_of(invoice)
            if problem:
                self.env["mfg.ic.exception"]._raise(
                    *problem[:2],
                    flow=flow,
                    document=invoice,
                    step="compare",
                    expected=problem[2],
                    actual=problem[3],
                )
            else:
                self.env["mfg.ic.exception"]._settle(invoice, "compare", "resync")
            flow._sum_up()
            if not problem and invoice.state == bill.state == "posted":
                flow._reach("matched")
                # A bill that was posted after its credit note meets it now.
                refunds = bill.reversal_move_id.filtered(
                    lambda credit: credit.state == "posted"
                )
                bill._reconcile_reversed_moves(refunds, False)

    def _mfg_ic_differs(self, bill):
        """(kind, message, expected, actual) of what keeps both apart, or None."""
        currency = self.currency_id
        owner_acts = _("The owner at the buyer corrects the bill, or accepts it.")
        if bill.currency_id != currency or not currency.is_zero(
            self.amount_total - bill.amount_total
        ):
            net = bill.currency_id == currency and currency.is_zero(
                self.amount_untaxed - bill.amount_untaxed
            )
            return (
                "tax" if net else "total",
                _(
                    "%(invoice)s is over another total than its bill. %(todo)s",
                    invoice=self.name,
                    todo=owner_acts,
                ),
                self._mfg_ic_amount(self),
                self._mfg_ic_amount(bill),
            )
        locked = bill.state == "draft" and bill._mfg_ic_locked_until(self)
        if locked or (bill.state == "posted" and bill.date != self.date):
            return (
                "period",
                _(
                    "%(invoice)s is of %(date)s, when the buyer's books are closed. Its owner "
                    "opens the period and repeats, or posts the bill in another period and "
                    "says so here.",
                    invoice=self.name,
                    date=self.date,
                ),
                str(self.date),
                str(locked or bill.date),
            )
        return None

    def _mfg_ic_amount(self, move):
        return f"{move.amount_total:.{move.currency_id.decimal_places}f} {move.currency_id.name}"

    def _mfg_ic_follow(self, method):
        """Take the bill along when its invoice is reset or cancelled."""
        partners = self.env["mfg.ic.agreement"]._company_by_partner()
        if not partners:
            return
        for invoice in self.filtered(
            lambda move: (
                move.move_type in MIRRORED and move.commercial_partner_id.id in partners
            )
        ):
            _invoice, bill = invoice._mfg_ic_pair()
            if not bill or bill.state == invoice.state:
                continue
            flow = self.env["mfg.ic.flow"]._flow_of(invoice)
            flow.agreement_id._mfg_ic_carry_over(
                "buyer",
                invoice,
                method,
                lambda env, bill=bill, flow=flow: bill._mfg_ic_take_back(
                    env, method, flow
                ),
                flow,
            )

    def _mfg_ic_take_back(self, env, method, flow):
        """Reset or cancel the bill as its invoice was.

        :raises IntercompanyRefusal: it is paid
        """
        flow._lock()
        bill = self.with_env(env)
        if bill.payment_state in ("paid", "in_payment", "partial"):
            raise IntercompanyRefusal(
                _(
                    "The bill of an invoice that was taken back is paid. The owner at the "
                    "buyer takes back the payment and repeats, or the seller posts the "
                    "invoice again and issues a credit note."
                ),
                kind="cancel",
            )
        if method == "button_cancel" or bill.state == "posted":
            getattr(bill, method)()
        return bill
