from odoo import api, models


class ReportContainment(models.AbstractModel):
    """What a trace found, where it is and who has it."""

    _name = "report.mfg_quality_hold.containment"
    _description = "Containment Report"

    @api.model
    def _get_report_values(self, docids, data=None):
        traces = self.env["mfg.quality.trace"].browse(docids)
        traces.check_access_rights("read")
        traces.check_access_rule("read")
        return {
            "doc_ids": docids,
            "doc_model": traces._name,
            # As complete as the trace itself, whatever its reader may see of lots.
            "docs": traces.sudo(),
        }
