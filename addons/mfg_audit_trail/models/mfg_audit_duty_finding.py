from datetime import timedelta

from odoo import _, api, fields, models
from odoo.exceptions import AccessError

from ..engine import capture, duties

#: days of the log that are looked through for what was done
DAYS = 366


class MfgAuditDutyFinding(models.Model):
    """Somebody who could do, or did, two duties that belong to different people."""

    _name = "mfg.audit.duty.finding"
    _description = "Finding about Duties"
    _order = "severity desc, kind desc, id"
    _rec_name = "conflict_id"

    kind = fields.Selection(
        [("could", "Could"), ("did", "Did")],
        required=True,
        readonly=True,
        help="Could: has the rights for both. Did: has done both on documents that belong"
        " together.",
    )
    conflict_id = fields.Many2one(
        "mfg.audit.duty.conflict",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    severity = fields.Selection(related="conflict_id.severity", store=True)
    user_id = fields.Many2one(
        "res.users", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one("res.company", readonly=True, index=True)
    documents = fields.Text(compute="_compute_documents")
    document_keys = fields.Json(readonly=True)
    document_count = fields.Integer(string="How Many Documents", readonly=True)
    first_at = fields.Datetime(string="First", readonly=True)
    last_at = fields.Datetime(string="Last", readonly=True)
    mitigated_until = fields.Date(readonly=True, index=True)

    @api.depends("document_keys")
    @api.depends_context("allowed_company_ids", "lang")
    def _compute_documents(self):
        words = self.env["mfg.audit.words"]
        now = 2**62
        wanted = {
            (model, int(res_id), now)
            for finding in self
            for model, _comma, res_id in (
                key.partition(",") for key in finding.document_keys or ()
            )
            if model in self.env
        }
        names = words._names(wanted)
        for finding in self:
            told = []
            for key in finding.document_keys or ():
                model, _comma, res_id = key.partition(",")
                told.append(names.get((model, int(res_id), now)) or key)
            finding.documents = "\n".join(told)

    def action_check(self):
        """Look anew who could and who did.

        :return: window action with the findings
        :raises AccessError: the user is no auditor
        """
        if not self.env.user.has_group("mfg_audit_trail.group_auditor"):
            raise AccessError(
                _("Duties are checked by users with the right Audit Trail: Auditor.")
            )
        # Findings are written by the check alone, whoever starts it.
        self.sudo()._check()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "mfg_audit_trail.mfg_audit_duty_finding_action"
        )
        # In place of the list that the button stands on.
        action["target"] = "main"
        return action

    @api.model
    def _cron_check(self):
        """Look anew who could and who did."""
        self._check()

    @api.model
    def _check(self):
        self.env.flush_all()
        since = fields.Datetime.now() - timedelta(days=DAYS)
        rows = {
            **self._keyed("could", duties.could(self.env.cr)),
            **self._keyed("did", duties.did(self.env.cr, self._operations(), since)),
        }
        known = {
            (each.kind, each.conflict_id.id, each.user_id.id, each.company_id.id): each
            for each in self.with_context(active_test=False).search([])
        }
        self.browse(known[key].id for key in known.keys() - rows.keys()).unlink()
        for key in known.keys() & rows.keys():
            if key[0] == "did":
                known[key].write(self._figures(rows[key]))
        self.create(
            [
                {
                    "kind": kind,
                    "conflict_id": conflict,
                    "user_id": user,
                    "company_id": company,
                    **self._figures(rows[kind, conflict, user, company]),
                }
                for kind, conflict, user, company in sorted(
                    rows.keys() - known.keys(), key=str
                )
            ]
        )
        self._mitigate()

    @api.model
    def _keyed(self, kind, rows):
        return {
            (kind, row["conflict_id"], row["user_id"], row["company_id"] or False): row
            for row in rows
        }

    @api.model
    def _figures(self, row):
        if "documents" not in row:
            return {}
        documents = sorted(set(row["documents"]))
        return {
            "document_keys": documents[: duties.NAMED],
            "document_count": len(documents),
            "first_at": row["first_at"],
            "last_at": row["last_at"],
        }

    @api.model
    def _operations(self):
        """The operations that the log can show here."""
        return [
            {
                "duty": line.duty_id.id,
                "table": self.env[line.model_name]._table,
                "model": line.model_name,
                "operation": line.operation,
                "field": line.field_name,
                "value": line.value,
                "chain": line.chain_field,
                "chain_table": line.chain_field
                and self.env[
                    self.env[line.model_name]._fields[line.chain_field].comodel_name
                ]._table,
            }
            for line in self.env["mfg.audit.duty.operation"].search([])
            if capture.has_table(self.env, line.model_name)
        ]

    @api.model
    def _mitigate(self):
        """Note until when each finding is provided for."""
        self.env.flush_all()
        self.env.cr.execute(
            """
            UPDATE mfg_audit_duty_finding f
               SET mitigated_until = (
                   SELECT MAX(m.valid_until) FROM mfg_audit_duty_mitigation m
                    WHERE m.conflict_id = f.conflict_id AND m.user_id = f.user_id
                      AND (m.company_id IS NULL OR m.company_id = f.company_id))
            """
        )
        self.env.invalidate_all()
