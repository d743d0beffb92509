import time
from contextlib import contextmanager

from odoo import _, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import config, format_datetime

from ..engine import assurance, sealer, signing, verifier
from ..offline import mfg_audit_verify

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
    signing_key = fields.Char(
        string="Signs",
        readonly=True,
        help="Name of the key that signs the checkpoints. Its private part is not here.",
    )
    signing_since = fields.Datetime(string="Signs Since", readonly=True)
    receipt_key = fields.Char(
        string="Vouches",
        readonly=True,
        help="Name of the key under which transactions get their receipts.",
    )
    receipt_since = fields.Datetime(
        string="Vouches Since", readonly=True, help="Empty: from the beginning."
    )
    former_keys = fields.Text(
        readonly=True,
        help="What was made with them later than their day is a finding.",
    )

    def action_look(self):
        """Note the state of the proof without verifying it.

        :return: window action
        :raises AccessError: the user has no role in the audit trail
        """
        return self._record(verify=False)

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
            "signing_key": state.signing_key,
            "signing_since": state.signing_since,
            "receipt_key": state.receipt_key,
            "receipt_since": state.receipt_since,
            "former_keys": "\n".join(
                _(
                    "%(key)s, until %(moment)s",
                    key=name,
                    moment=format_datetime(self.env, until),
                )
                for name, until in state.former_keys
            ),
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

    @contextmanager
    def _explained(self):
        """Say in words that the keys cannot be used as they are."""
        try:
            yield
        except (OSError, mfg_audit_verify.Damaged) as error:
            raise UserError(
                _(
                    "The keys of the trail cannot be used. Look at the option %(option)s"
                    " in odoo.conf: %(error)s",
                    option=signing.OPTION,
                    error=error,
                )
            ) from error

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
        with self._explained():
            found = verifier.verify(
                self.env.cr, signing.public(), config.get(sealer.WITNESS_OPTION)
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
            _(
                "A newer key stands first in the file of the signing keys, and does not sign"
                " yet: run odoo-bin mfg_audit rotate-key."
            ): state.key_waits,
            _("Nothing is sealed: %(error)s", error=state.key_error): state.key_error,
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
