from odoo import _, api, models
from odoo.tools import SQL

from .mfg_quality_hold import SEVERITIES


class MfgQualityDisposition(models.Model):
    """Decisions on held stock that wait for a signature, or to be carried out."""

    _name = "mfg.quality.disposition"
    _inherit = ["mfg.quality.disposition", "mfg.suite.source"]
    _exception_number = 2

    @api.model
    def _exception_domain(self):
        return [("state", "in", ("proposed", "approved"))]

    @api.model
    def _exception_columns(self, query):
        holds = self.env["mfg.quality.hold"]
        hold = query.left_join(query.table, "hold_id", holds._table, "id", "hold_id")
        kinds = [("proposed", "signature"), ("approved", "execution")]
        # Until it is signed the hold's responsible waits for it, then who proposed it acts.
        owner = SQL(
            "CASE WHEN %s = 'approved' THEN %s ELSE %s END",
            self._exception_column(query, "state"),
            self._exception_column(query, "proposed_by_id"),
            holds._field_to_sql(hold, "responsible_id"),
        )
        severities = [SQL("WHEN %s THEN %s", *pair) for pair in SEVERITIES]
        return {
            "kind": self._exception_translated(query, "state", kinds),
            "severity": SQL(
                "CASE %s %s END",
                holds._field_to_sql(hold, "severity"),
                SQL(" ").join(severities),
            ),
            "name": self._exception_label(query, "kind"),
            "reference": SQL(
                "concat_ws(' · ', %s, %s)",
                self._exception_column(query, "name"),
                holds._field_to_sql(hold, "name"),
            ),
            "detail": self._exception_column(query, "justification"),
            "company_id": self._exception_column(query, "company_id"),
            "owner_id": owner,
            "since": self._exception_column(query, "proposed_on"),
            "due_at": holds._field_to_sql(hold, "deadline"),
        }

    # -- goods of another company of the group ---------------------------------------------

    def _vendor_location(self):
        """What came from a company of the group goes back on the way it came."""
        seller = self.env["mfg.ic.agreement"]._mfg_ic_company(self.vendor_id)
        pairs = self.env["stock.location"]._mfg_ic_transits()
        for line in self.line_ids:
            place = line._returned_receipt().location_id
            if pairs.get(place.id) == (seller.id, self.company_id.id):
                return place
        return super()._vendor_location()

    def _draft_credit_note(self, order, quantities):
        """No draft where the seller's credit note brings its counterpart along."""
        # Settings of the agreement bind whoever cannot read them.
        agreement = order.mfg_ic_flow_id.sudo().agreement_id
        if not agreement.mirror_invoices:
            return super()._draft_credit_note(order, quantities)
        self.message_post(
            body=_(
                "%(seller)s credits what went back of %(order)s; its credit note arrives "
                "by itself.",
                seller=agreement.seller_company_id.name,
                order=order.name,
            )
        )
        return self.env["account.move"]
