import time

from odoo import _, api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import config

from ..engine import assurance, sealer, verifier

LEVELS = [
    ("0", "L0: changes of the log are found"),
    ("1", "L1: the log belongs to another database role"),
    ("2", "L2: a witness elsewhere has seen it"),
    ("3", "L3: the key is on another host"),
]
#: findings that are kept in words
NAMED = 200


class MfgAuditVerification(models.Model):
    """The state of the proof at a moment, and what a verification found."""

    _name = "mfg.audit.verification"
    _description = "Verification of the Audit Trail"
    _order = "id desc"
    _rec_name = "create_date"

    create_date = fields.Datetime(string="Looked At", readonly=True)
    user_id = fields.Many2one("res.users", string="By", readonly=True)
    level = fields.Selection(
        LEVELS,
        string="Assurance",
        readonly=True,
        help="As the installation is, not as it was planned.",
    )
    missing = fields.Text(
        readonly=True, help="What the next level of assurance would need."
    )
    verdict = fields.Selection(
        [("none", "Not Verified"), ("ok", "As It Was"), ("findings", "Findings")],
        required=True,
        readonly=True,
        default="none",
    )
    finding_count = fields.Integer(string="Findings", readonly=True)
    findings = fields.Text(string="What Was Found", readonly=True)
    seconds = fields.Float(readonly=True)
    transactions = fields.Integer(string="Sealed Transactions", readonly=True)
    sealed_at = fields.Datetime(string="Last Seal", readonly=True)
    pending = fields.Integer(string="Not Sealed Yet", readonly=True)
    oldest_pending = fields.Datetime(string="Oldest of These", readonly=True)
    tables = fields.Integer(string="Tables Captured", readonly=True)
    gaps = fields.Integer(string="Tables With Gaps", readonly=True)
    witness = fields.Char(readonly=True)

    @api.model
    def action_look(self):
        """Note the state of the proof without verifying it.

        :return: window action
        :raises AccessError: the user has no role in the audit trail
        """
        return self._record(verify=False)

    @api.model
    def action_verify(self):
        """Verify the whole log and note what was found.

        :return: window action
        :raises AccessError: the user has no role in the audit trail
        """
        return self._record(verify=True)

    @api.model
    def _record(self, verify):
        self._check_role()
        state = assurance.state(self.env.cr)
        values = {
            "user_id": self.env.uid,
            "level": str(state.level),
            "missing": self._missing(state),
            "transactions": state.seals,
            "sealed_at": state.sealed_at,
            "pending": state.pending,
            "oldest_pending": state.oldest_pending,
            "tables": state.tables,
            "gaps": state.gaps,
            "witness": self._witness(state),
        }
        if verify:
            values |= self._verify()
        # Results are written by the check alone, whoever starts it.
        record = self.sudo().create(values)
        return {
            "type": "ir.actions.act_window",
            "name": _("Verification"),
            "res_model": self._name,
            "res_id": record.id,
            "views": [(False, "form")],
        }

    @api.model
    def _check_role(self):
        roles = ("group_auditor", "group_key_custodian")
        if not any(
            self.env.user.has_group(f"mfg_audit_trail.{role}") for role in roles
        ):
            raise AccessError(
                _("The trail is verified by auditors and key custodians.")
            )

    @api.model
    def _verify(self):
        begun = time.monotonic()
        found = verifier.verify(
            self.env.cr, assurance.public_key(), config.get(sealer.WITNESS_OPTION)
        )
        return {
            "verdict": "findings" if found else "ok",
            "finding_count": len(found),
            "findings": "\n".join(finding.line() for finding in found[:NAMED]),
            "seconds": round(time.monotonic() - begun, 2),
        }

    @api.model
    def _missing(self, state):
        """What the next levels would need, one line each."""
        wanted = {
            _("The log belongs to the database role that Odoo works as."): not (
                state.own_role
            ),
            _(
                "This database is a copy of the one its log began in, so it signs nothing."
            ): state.copied,
            _("No key signs the checkpoints: set mfg_audit_signing_key."): not (
                state.signed or state.copied
            ),
            _("No witness has seen the last checkpoint: set mfg_audit_witness."): not (
                state.witnessed
            ),
            _("The witness is on the same disk as Odoo's files."): state.witnessed
            and not state.witness_elsewhere,
            _("The signing key is on this host."): state.key_here,
        }
        return "\n".join(text for text, missing in wanted.items() if missing)

    @api.model
    def _witness(self, state):
        if state.witness_error:
            return _("Cannot be reached: %(error)s", error=state.witness_error)
        if not state.witnessed:
            return _("None, or behind the log")
        if not state.witness_elsewhere:
            return _("Up to date, but on the same disk")
        return _("Up to date")
