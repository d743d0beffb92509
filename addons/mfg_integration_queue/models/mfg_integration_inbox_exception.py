import json
from hashlib import sha256

from odoo import _, api, fields, models
from odoo.exceptions import UserError

from ..engine import contract, strict_json
from ..engine import inbound_store as store
from ..engine.inbound_wakeup import notify_after_commit
from .mfg_integration_dead import BigInteger
from .mfg_integration_interface import LATENCY_CLASSES

#: what people may change, and what mail.thread keeps about them
_EDITABLE = {
    "owner_id",
    "payload",
    "remediation_note",
    "activity_ids",
    "message_follower_ids",
    "message_ids",
    "message_main_attachment_id",
}


class MfgIntegrationInboxException(models.Model):
    """An inbound message that could not be processed and waits for a person to decide."""

    _name = "mfg.integration.inbox.exception"
    _description = "Inbound Exception"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _rec_name = "subject"

    inbox_ref = BigInteger(string="Message Number", readonly=True, index=True)
    inbox_id = fields.Many2one(
        "mfg.integration.inbox", string="As It Came In", compute="_compute_inbox_id"
    )
    subject = fields.Char(string="Message", readonly=True)
    interface_id = fields.Many2one(
        "mfg.integration.interface", readonly=True, index=True, ondelete="restrict"
    )
    interface_version_id = fields.Many2one(
        "mfg.integration.interface.version", string="Contract", readonly=True
    )
    runbook = fields.Html(related="interface_id.runbook")
    system_id = fields.Many2one(
        "mfg.integration.system", string="From", readonly=True, ondelete="restrict"
    )
    company_id = fields.Many2one("res.company", readonly=True, index=True)
    owner_id = fields.Many2one("res.users", tracking=True, index=True)
    state = fields.Selection(
        [
            ("open", "To decide"),
            ("resubmitted", "Processed again"),
            ("cancelled", "Given up"),
        ],
        default="open",
        required=True,
        readonly=True,
        index=True,
        tracking=True,
    )
    reason = fields.Selection(
        [
            ("refused", "Refused by Odoo"),
            ("exhausted", "Too many attempts"),
            ("expired", "Too old"),
            ("poison", "Ends the process"),
            ("configuration", "Nobody handles it"),
            ("mapping", "Cannot be translated"),
        ],
        readonly=True,
    )
    error_code = fields.Char(readonly=True)
    error_id = fields.Many2one(
        "mfg.integration.error.code",
        string="What Happened",
        compute="_compute_error_id",
    )
    suggestion = fields.Text(string="What to Do", compute="_compute_error_id")
    error = fields.Text(string="Cause", readonly=True)
    attempts = fields.Integer(readonly=True)
    blocking = fields.Boolean(
        string="Holds What Follows",
        readonly=True,
        help="Later messages with the same order key wait for the decision.",
    )
    payload = fields.Text(
        string="Content", help="May be corrected before it is processed again."
    )
    payload_sha256 = fields.Char(string="Content Hash", readonly=True)
    decided_by_id = fields.Many2one("res.users", readonly=True)
    decided_at = fields.Datetime(readonly=True)
    remediation_note = fields.Text(
        tracking=True, help="What was wrong and what was done about it."
    )

    def _compute_inbox_id(self):
        for exception in self:
            exception.inbox_id = exception.inbox_ref

    @api.depends("error_code")
    def _compute_error_id(self):
        errors = self.env["mfg.integration.error.code"]
        for exception in self:
            exception.error_id = errors._for_code(exception.error_code)
            exception.suggestion = exception.error_id.suggestion

    def write(self, vals):
        """People correct the content, change owner and note; the rest is what happened."""
        if not self.env.su and vals.keys() - _EDITABLE:
            raise UserError(
                _("Use the buttons to decide; what happened stays as it is.")
            )
        if "payload" in vals:
            self._check_open()
        return super().write(vals)

    def action_resubmit(self):
        """Process the messages again, with the corrected content where it was changed.

        :raises UserError: decided already, the correction is not JSON or does not fit the
            contract, or nobody wrote down why it was changed
        """
        self._check_operator()
        self._check_open()
        for exception in self:
            text, changed = exception._corrected()
            latency_class = LATENCY_CLASSES[exception.interface_id.latency_class]
            if not store.resubmit(
                self.env.cr,
                exception.inbox_ref,
                text if changed else None,
                latency_class,
            ):
                raise UserError(
                    _("%(message)s is not waiting any more.", message=exception.subject)
                )
            note = _("Processed again by %(user)s", user=self.env.user.name)
            if changed:
                note = _(
                    "%(note)s with corrected content: SHA-256 %(before)s became %(after)s",
                    note=note,
                    before=exception.payload_sha256,
                    after=_digest(text),
                )
            # sudo: exceptions change by decisions only; rights are checked above
            exception.sudo()._decide("resubmitted", note)
        notify_after_commit(self.env.cr)

    def action_cancel(self):
        """Give the messages up; what waits behind them goes on.

        :raises UserError: decided already, or nobody wrote down what was done instead
        """
        self._check_operator()
        self._check_open()
        for exception in self:
            exception._require_note()
            store.cancel(self.env.cr, exception.inbox_ref)
            # sudo: exceptions change by decisions only; rights are checked above
            exception.sudo()._decide(
                "cancelled", _("Given up by %(user)s", user=self.env.user.name)
            )
        notify_after_commit(self.env.cr)

    @api.model
    def _open(self, row, interface, payload, code, error, reason):
        """Create the exception of a message and give its owner something to do."""
        text = _pretty(payload)
        exception = self.create(
            {
                "inbox_ref": row["id"],
                "subject": row["key"] or row["uuid"],
                "interface_id": interface.id,
                "interface_version_id": row["interface_version_id"],
                "system_id": row["system_id"],
                "company_id": row["company_id"],
                "owner_id": (interface.exception_owner_id or interface.owner_id).id,
                "reason": reason,
                "error_code": code,
                "error": error,
                "attempts": row["attempts"] + 1,
                "blocking": interface.on_dead == "block",
                "payload": text,
                "payload_sha256": _digest(text),
            }
        )
        owner = exception.owner_id
        # An owner who cannot open it gets no activity: Odoo would refuse to assign one.
        if owner.active and owner.has_group("mfg_integration_queue.group_viewer"):
            exception.activity_schedule(
                "mail.mail_activity_data_todo",
                user_id=owner.id,
                summary=_("Inbound message needs a decision"),
            )
        return exception

    def _corrected(self):
        """Return the content to process and whether it differs from what came in."""
        self.ensure_one()
        try:
            payload = strict_json.loads((self.payload or "").encode())
        except ValueError as error:
            raise UserError(
                _(
                    "The content of %(message)s cannot be read: %(cause)s",
                    message=self.subject,
                    cause=error,
                )
            ) from error
        text = _pretty(payload)
        if _digest(text) == self.payload_sha256:
            return text, False
        errors = contract.errors(self.interface_version_id.schema, payload)
        if errors:
            raise UserError(
                _(
                    "The content of %(message)s does not fit the contract:\n%(errors)s",
                    message=self.subject,
                    errors="\n".join(
                        f"{error['pointer']}: {error['detail']}" for error in errors
                    ),
                )
            )
        self._require_note()
        return text, True

    def _require_note(self):
        if not self.remediation_note:
            raise UserError(
                _(
                    "Write into the remediation note of %(message)s what was wrong and "
                    "what was done about it first.",
                    message=self.subject,
                )
            )

    def _check_operator(self):
        self.env["mfg.integration.delivery"]._check_operator()
        self.check_access_rule("read")

    def _check_open(self):
        decided = self.filtered(lambda each: each.state != "open")
        if decided:
            raise UserError(
                _(
                    "%(message)s was already decided by %(user)s.",
                    message=decided[0].subject,
                    user=decided[0].decided_by_id.name,
                )
            )

    def _decide(self, state, note):
        self.write(
            {
                "state": state,
                "decided_by_id": self.env.uid,
                "decided_at": fields.Datetime.now(),
            }
        )
        self._message_log(body=note)
        self.activity_unlink(["mail.mail_activity_data_todo"])


def _pretty(payload):
    return json.dumps(payload, ensure_ascii=False, indent=2, sort_keys=True)


def _digest(text):
    return sha256(text.encode()).hexdigest()
