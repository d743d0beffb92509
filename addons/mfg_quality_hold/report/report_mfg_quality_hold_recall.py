from odoo import _, api, models
from odoo.exceptions import UserError


class ReportRecall(models.AbstractModel):
    """A letter to each customer who has some of what a trace found."""

    _name = "report.mfg_quality_hold.recall"
    _description = "Recall Notices"

    @api.model
    def _get_report_values(self, docids, data=None):
        traces = self.env["mfg.quality.trace"].browse(docids)
        traces.check_access_rights("read")
        traces.check_access_rule("read")
        # As complete as the trace itself, whatever its reader may see of lots.
        traces = traces.sudo()
        if not any(map(self._notices_of, traces)):
            raise UserError(
                _(
                    "No customer has anything of what trace %(traces)s found. There is "
                    "nobody to be notified.",
                    traces=", ".join(traces.mapped("name")),
                )
            )
        return {
            "doc_ids": docids,
            "doc_model": traces._name,
            "docs": traces,
            "notices_of": self._notices_of,
        }

    @api.model
    def _notices_of(self, trace):
        """[(customer, deliveries with a quantity that is still there)]."""
        kept = trace.delivery_ids.filtered(lambda delivery: delivery.quantity > 0)
        return [
            (
                partner,
                kept.filtered(
                    lambda delivery, partner=partner: delivery.partner_id == partner
                ),
            )
            for partner in kept.partner_id
        ]
