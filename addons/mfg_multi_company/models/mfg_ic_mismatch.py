from odoo import _, fields, models
from odoo.exceptions import UserError


class MfgIcMismatch(models.Model):
    """Invoices and bills between companies that have no equal counterpart.

    Both sides read numbers and amounts; there is no relation into the other one's books.
    """

    _name = "mfg.ic.mismatch"
    _description = "Unmatched Intercompany Document"
    _auto = False
    _order = "date desc, id"
    _rec_name = "reference"
    _depends = {
        "account.move": [
            "amount_total",
            "amount_untaxed",
            "commercial_partner_id",
            "company_id",
            "currency_id",
            "date",
            "move_type",
            "name",
            "ref",
            "state",
        ],
        "mfg.ic.link": ["res_model", "res_id", "source_link_id"],
        "res.company": ["partner_id"],
    }

    kind = fields.Selection(
        [
            ("missing", "No Bill"),
            ("draft", "Bill not Posted"),
            ("currency", "Other Currency"),
            ("total", "Other Total"),
            ("tax", "Other Tax"),
            ("period", "Other Month"),
            ("duplicate", "Billed Twice"),
            ("orphan", "Bill without Invoice"),
        ],
        readonly=True,
    )
    seller_company_id = fields.Many2one("res.company", "Seller", readonly=True)
    buyer_company_id = fields.Many2one("res.company", "Buyer", readonly=True)
    reference = fields.Char("Invoice", readonly=True)
    bill_reference = fields.Char("Bill", readonly=True)
    date = fields.Date(readonly=True)
    bill_date = fields.Date("Date of the Bill", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    bill_currency_id = fields.Many2one(
        "res.currency", "Currency of the Bill", readonly=True
    )
    amount = fields.Monetary("Invoiced", readonly=True)
    bill_amount = fields.Monetary(
        "Billed", currency_field="bill_currency_id", readonly=True
    )
    invoice_res_id = fields.Integer("Invoice Record", readonly=True)
    bill_res_id = fields.Integer("Bill Record", readonly=True)

    @property
    def _table_query(self):
        return f"""
            WITH document AS (
                SELECT move.*, partner.id AS other_company_id, link.id AS link_id,
                       link.source_link_id
                  FROM account_move move
                  JOIN res_company partner
                    ON partner.partner_id = move.commercial_partner_id
                   AND partner.id <> move.company_id
                  LEFT JOIN mfg_ic_link link
                    ON link.res_model = 'account.move' AND link.res_id = move.id
                 WHERE move.state <> 'cancel' AND move.move_type IN
                       ('out_invoice', 'out_refund', 'in_invoice', 'in_refund')
            ), paired AS ({self._paired()}), found AS (
                SELECT paired.*, {self._kind()} AS kind FROM paired
            )
            SELECT id, kind, seller_company_id, buyer_company_id, reference,
                   bill_reference, date, bill_date, currency_id, bill_currency_id,
                   amount, bill_amount, invoice_res_id, bill_res_id
              FROM found WHERE kind IS NOT NULL
        """

    def _paired(self):
        """Posted invoices with their bills, then posted bills that follow from none."""
        return """
            SELECT invoice.id, invoice.company_id AS seller_company_id,
                   invoice.other_company_id AS buyer_company_id,
                   invoice.name AS reference, bill.name AS bill_reference,
                   invoice.date, bill.date AS bill_date, invoice.currency_id,
                   bill.currency_id AS bill_currency_id,
                   invoice.amount_total AS amount, bill.amount_total AS bill_amount,
                   invoice.amount_untaxed AS net, bill.amount_untaxed AS bill_net,
                   invoice.id AS invoice_res_id, bill.id AS bill_res_id,
                   bill.state AS bill_state, false AS billed_twice
              FROM document invoice
              LEFT JOIN document bill ON bill.source_link_id = invoice.link_id
             WHERE invoice.state = 'posted'
               AND invoice.move_type IN ('out_invoice', 'out_refund')
             UNION ALL
            SELECT -bill.id, bill.other_company_id, bill.company_id, bill.ref,
                   bill.name, NULL, bill.date, NULL, bill.currency_id, NULL,
                   bill.amount_total, NULL, bill.amount_untaxed, NULL, bill.id,
                   bill.state, EXISTS (
                       SELECT FROM document other
                        WHERE other.company_id = bill.company_id
                          AND other.other_company_id = bill.other_company_id
                          AND other.move_type = bill.move_type
                          AND other.ref = bill.ref AND other.id <> bill.id
                          AND other.source_link_id IS NOT NULL)
              FROM document bill
             WHERE bill.state = 'posted' AND bill.source_link_id IS NULL
               AND bill.move_type IN ('in_invoice', 'in_refund')
        """

    def _kind(self):
        return """
            CASE WHEN invoice_res_id IS NULL AND billed_twice THEN 'duplicate'
                 WHEN invoice_res_id IS NULL THEN 'orphan'
                 WHEN bill_res_id IS NULL THEN 'missing'
                 WHEN currency_id <> bill_currency_id THEN 'currency'
                 WHEN net <> bill_net AND amount <> bill_amount THEN 'total'
                 WHEN amount <> bill_amount THEN 'tax'
                 WHEN date_trunc('month', date) <> date_trunc('month', bill_date)
                      THEN 'period'
                 WHEN bill_state = 'draft' THEN 'draft'
            END
        """

    def action_open_document(self):
        """Open the own document of the row, with the user's own rights.

        :raises AccessError: the user may not read invoices and bills
        :raises UserError: the only document is the other company's
        """
        self.ensure_one()
        self.env["account.move"]._mfg_ic_check_reader()
        own = [
            (self.seller_company_id, self.invoice_res_id),
            (self.buyer_company_id, self.bill_res_id),
        ]
        document = next(
            (
                res_id
                for company, res_id in own
                if company in self.env.companies and res_id
            ),
            None,
        )
        if not document:
            raise UserError(
                _(
                    "None of your companies has a document of this row. Ask the people of"
                    " %(company)s.",
                    # Companies that deal with each other know each other's names.
                    company=next(
                        company.sudo().name for company, res_id in own if res_id
                    ),
                )
            )
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "res_id": document,
            "view_mode": "form",
        }
