from odoo import api, models


class MfgAuditEvidence(models.AbstractModel):
    """Events on paper, with what proves them."""

    _name = "report.mfg_audit_trail.mfg_audit_evidence"
    _description = "Audit Evidence"

    @api.model
    def _get_report_values(self, docids, data=None):
        events = self.env["mfg.audit.event"].browse(docids)
        events.check_access_rights("read")
        events.check_access_rule("read")
        return {
            "doc_ids": docids,
            "doc_model": events._name,
            "docs": events,
            "proofs": self._proofs(events),
            "checkpoint": self._checkpoint(),
        }

    @api.model
    def _proofs(self, events):
        """{id of event: {"transaction", "leaf", "seal"}}"""
        self.env.cr.execute(
            """
            SELECT e.id, e.cluster || '/' || e.xid AS transaction,
                   encode(mfg_audit.leaf(e), 'hex') AS leaf, s.idx AS seal
              FROM mfg_audit.event e
         LEFT JOIN mfg_audit.seal s ON s.cluster = e.cluster AND s.xid = e.xid
             WHERE e.id = ANY(%s)
            """,
            [events.ids],
        )
        return {row["id"]: row for row in self.env.cr.dictfetchall()}

    @api.model
    def _checkpoint(self):
        self.env.cr.execute(
            """
            SELECT l.origin, c.size, encode(c.root, 'hex') AS root, c.note
              FROM mfg_audit.checkpoint c, mfg_audit.log l
          ORDER BY c.size DESC
             LIMIT 1
            """
        )
        return (self.env.cr.dictfetchall() or [None])[0]
