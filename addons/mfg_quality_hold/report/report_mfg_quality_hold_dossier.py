from odoo import api, models
from odoo.tools import format_datetime, html2plaintext


class ReportHoldDossier(models.AbstractModel):
    """Everything about one hold, for an audit."""

    _name = "report.mfg_quality_hold.dossier"
    _description = "Quality Hold Dossier"

    @api.model
    def _get_report_values(self, docids, data=None):
        holds = self.env["mfg.quality.hold"].browse(docids)
        holds.check_access_rights("read")
        holds.check_access_rule("read")
        return {
            "doc_ids": docids,
            "doc_model": holds._name,
            # The dossier is complete, whatever its reader may see of stock and documents.
            "docs": holds.sudo(),
            "documents_of": self._documents_of,
            "stands": self._stands,
            "history_of": self._history_of,
        }

    @api.model
    def _documents_of(self, line):
        """Names of the documents that carried out a decided quantity."""
        return sorted({move.reference or move.name for move in line.move_ids})

    @api.model
    def _stands(self, signature):
        """Tell whether a signature stands for the content as it is now."""
        return signature.content_hash == signature.disposition_id._content_hash()

    @api.model
    def _history_of(self, hold):
        """[(time, who, what)] from the chatter of the hold and of its decisions."""
        messages = hold.message_ids | hold.disposition_ids.message_ids
        history = []
        for message in messages.sorted("id"):
            changes = message.tracking_value_ids._tracking_value_format()
            parts = [html2plaintext(message.body or "").strip()] + [
                f"{change['changedField']}: {change['oldValue']['value'] or '-'} → "
                f"{change['newValue']['value'] or '-'}"
                for change in changes
            ]
            what = "; ".join(filter(None, parts)) or message.subtype_id.description
            if what:
                when = format_datetime(self.env, message.date)
                history.append((when, message.author_id.name or "", what))
        return history
