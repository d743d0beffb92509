from odoo import _, fields, models
from odoo.tools import date_utils


class MfgIcBalance(models.Model):
    """What the books of both sides say about a pair, by currency and month.

    Documents only: payments are on their way between two banks for days.
    """

    _name = "mfg.ic.balance"
    _description = "Intercompany Balance"
    _auto = False
    _order = "period desc, seller_company_id, buyer_company_id"
    _rec_name = "period"
    _depends = {
        "account.move": ["move_type"],
        "account.move.line": [
            "account_id",
            "amount_currency",
            "amount_residual_currency",
            "company_id",
            "currency_id",
            "date",
            "parent_state",
            "partner_id",
        ],
        "account.account": ["account_type"],
        "res.company": ["partner_id"],
    }

    seller_company_id = fields.Many2one("res.company", "Seller", readonly=True)
    buyer_company_id = fields.Many2one("res.company", "Buyer", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    period = fields.Date("Month", readonly=True)
    receivable = fields.Monetary("Invoiced by the Seller", readonly=True)
    payable = fields.Monetary("Billed at the Buyer", readonly=True)
    difference = fields.Monetary(readonly=True)
    open_receivable = fields.Monetary(readonly=True)
    open_payable = fields.Monetary(readonly=True)
    in_transit = fields.Monetary("Value in Transit", readonly=True)

    # Column that each part gives, in this order; an own id for each row.
    _part_columns = (
        "id",
        "seller_company_id",
        "buyer_company_id",
        "currency_id",
        "period",
        "receivable",
        "payable",
        "open_receivable",
        "open_payable",
        "in_transit",
    )

    @property
    def _table_query(self):
        sums = ", ".join(f"sum({name}) AS {name}" for name in self._part_columns[5:])
        return f"""
            SELECT min(id) AS id, seller_company_id, buyer_company_id, currency_id,
                   period, {sums}, sum(receivable) - sum(payable) AS difference
              FROM ({" UNION ALL ".join(self._parts())}) AS part ({", ".join(self._part_columns)})
             GROUP BY seller_company_id, buyer_company_id, currency_id, period
        """

    def _parts(self):
        """Queries of ``_part_columns``, whose rows are summed up.

        Extended by modules that know more about a pair; their ids are below zero.
        """
        return [self._part("receivable"), self._part("payable")]

    def _part(self, what):
        """Items of one side's receivables or payables against the other company."""
        sign, account, own, other = {
            "receivable": ("", "asset_receivable", "line.company_id", "partner.id"),
            "payable": ("-", "liability_payable", "partner.id", "line.company_id"),
        }[what]
        amount, rest = (
            f"{sign}line.amount_currency",
            f"{sign}line.amount_residual_currency",
        )
        amounts = f"{amount}, 0, {rest}, 0" if not sign else f"0, {amount}, 0, {rest}"
        return f"""
            SELECT line.id, {own}, {other}, line.currency_id,
                   date_trunc('month', line.date)::date, {amounts}, 0
              FROM account_move_line line
              JOIN account_account account
                ON account.id = line.account_id AND account.account_type = '{account}'
              JOIN res_company partner
                ON partner.partner_id = line.partner_id AND partner.id <> line.company_id
              JOIN account_move move
                ON move.id = line.move_id AND move.move_type <> 'entry'
             WHERE line.parent_state = 'posted'
        """

    def action_view_documents(self):
        """Open the invoices and bills of the row, those of the user's companies.

        :raises AccessError: the user may not read invoices and bills
        """
        self.ensure_one()
        self.env["account.move"]._mfg_ic_check_reader()
        # Who the partner of a company is, is no secret to its counterpart.
        seller, buyer = self.seller_company_id.sudo(), self.buyer_company_id.sudo()
        return {
            "type": "ir.actions.act_window",
            "name": _("%(seller)s to %(buyer)s", seller=seller.name, buyer=buyer.name),
            "res_model": "account.move",
            "view_mode": "tree,form",
            "domain": [
                ("state", "=", "posted"),
                ("currency_id", "=", self.currency_id.id),
                ("date", ">=", self.period),
                ("date", "<=", date_utils.end_of(self.period, "month")),
                "|",
                "&",
                "&",
                ("company_id", "=", seller.id),
                ("commercial_partner_id", "=", buyer.partner_id.id),
                ("move_type", "in", ("out_invoice", "out_refund")),
                "&",
                "&",
                ("company_id", "=", buyer.id),
                ("commercial_partner_id", "=", seller.partner_id.id),
                ("move_type", "in", ("in_invoice", "in_refund")),
            ],
            "context": {"create": False},
        }

    def action_view_mismatches(self):
        """Open the documents of the pair that do not match."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "mfg_multi_company.mfg_ic_mismatch_action"
        )
        return {
            **action,
            "domain": [
                ("seller_company_id", "=", self.seller_company_id.id),
                ("buyer_company_id", "=", self.buyer_company_id.id),
            ],
            "context": {},
        }
