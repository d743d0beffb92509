from odoo import models

from ..engine import observation


class IrActionsReport(models.Model):
    _inherit = "ir.actions.report"

    def _render_qweb_pdf(self, report_ref, res_ids=None, data=None):
        self._audit_print(report_ref, res_ids)
        return super()._render_qweb_pdf(report_ref, res_ids=res_ids, data=data)

    def _render_qweb_html(self, report_ref, docids, data=None):
        self._audit_print(report_ref, docids)
        return super()._render_qweb_html(report_ref, docids, data=data)

    def _render_qweb_text(self, report_ref, docids, data=None):
        self._audit_print(report_ref, docids)
        return super()._render_qweb_text(report_ref, docids, data=data)

    def _audit_print(self, report_ref, ids):
        """Record a print once, though a PDF is made from the page of the same report."""
        report = self._get_report(report_ref)
        if report.model not in self.env:
            return
        ids = [ids] if isinstance(ids, int) else list(ids or ())
        observation.observe(
            self.env,
            "P",
            report.model,
            ids,
            once=(report.id, tuple(ids)),
            company=self.env.company.id,
            report=report.report_name,
        )
