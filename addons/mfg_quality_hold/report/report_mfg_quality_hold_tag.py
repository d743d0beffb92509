from odoo import api, models


class ReportHoldTag(models.AbstractModel):
    """The tag that hangs on held goods: one page for each thing that is on hold."""

    _name = "report.mfg_quality_hold.tag"
    _description = "Quality Hold Tag"

    @api.model
    def _get_report_values(self, docids, data=None):
        holds = self.env["mfg.quality.hold"].browse(docids)
        holds.check_access_rights("read")
        holds.check_access_rule("read")
        # Who may see the hold may tag it, without rights on lots, products and stock.
        holds = holds.sudo()
        holds._count_tag_print()
        return {
            "doc_ids": docids,
            "doc_model": holds._name,
            "docs": holds,
            "lines_of": self._lines_of,
            "url_of": self._url_of,
        }

    @api.model
    def _lines_of(self, hold):
        active = hold.line_ids.filtered(lambda line: line.state == "active")
        active._refresh_held()
        return active or hold.line_ids

    @api.model
    def _url_of(self, hold):
        base = hold.get_base_url()
        return f"{base}/web#id={hold.id}&model={hold._name}&view_type=form"
