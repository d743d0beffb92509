import json
from hashlib import sha256

from odoo import _, api, fields, models
from odoo.exceptions import UserError

from ..engine import contract, strict_json
from ..engine import inbound_store as store
from ..engine.inbound_wakeup import notify_after_commit
from .mfg_integration_dead import BigInteger
from .mfg_integration_decidable import MfgIntegrationDecidable
from .mfg_integration_interface import LATENCY_CLASSES


class MfgIntegrationInboxException(models.Model):
    """An inbound message that could not be processed and waits for a person to decide."""

    _name = "mfg.integration.inbox.exception"
    _description = "Inbound Exception"
    _inherit = ["mfg.integration.decidable"]
    _repeated = "resubmitted"
    _editable = MfgIntegrationDecidable._editable | {"payload"}

    inbox_ref = BigInteger(string="Message Number", readonly=True, index=True)
    inbox_id = fields.Many2one(
        "mfg.integration.inbox", string="As It Came In", compute="_compute_inbox_id"
    )
    interface_version_id = fields.Many2one(
        "mfg.integration.interface.version", string="Contract", readonly=True
    )
    system_id = fields.Many2one(
        "mfg.integration.system", string="From", readonly=True, ondelete="restrict"
    )
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
            ("waited", "Waited in vain"),
        ],
        readonly=True,
    )
    error = fields.Text(string="Cause", readonly=True)
    blocking = fields.Boolean(
        string="Holds What Follows",
        readonly=True,
        help="Later messages with the same order key wait for the decision.",
    )
    content = fields.Text(
        string="Unmasked Content",
        readonly=True,
        groups="mfg_integration_queue.group_confidential",
    )
    payload = fields.Text(
        string="Content",
        compute="_compute_payload",
        inverse="_inverse_payload",
        help="May be corrected before it is processed again.",
    )
    payload_sha256 = fields.Char(string="Content Hash", readonly=True)

    def _compute_inbox_id(self):
        for exception in self:
            exception.inbox_id = exception.inbox_ref

    @api.depends("content", "interface_version_id")
    @api.depends_context("uid")
    def _compute_payload(self):
        versions = self.env["mfg.integration.interface.version"]
        for exception in self:
            # sudo: what is confidential in it is hidden right here
            waiting = exception.sudo()
            exception.payload = versions._shown(
                waiting.content, waiting.interface_version_id.id
            )

    def _inverse_payload(self):
        versions = self.env["mfg.integration.interface.version"]
        for exception in self:
            if versions._hidden_paths(exception.interface_version_id.id):
                raise UserError(
                    _(
                        "%(message)s holds confidential values. Somebody with the right "
                        "“Confidential Content” has to correct it.",
                        message=exception.subject,
                    )
                )
            # sudo: the content itself is readable with a right of its own only
            exception.sudo().content = exception.payload

    def write(self, vals):
        """The content may be corrected until a decision."""
        if "payload" in vals:
            self._check_open()
        return super().write(vals)

    def action_resubmit(self):
        """Process the messages again, with the corrected content where it was changed.

        :raises UserError: decided already, the correction is not JSON or does not fit the
            contract, or nobody wrote down why it was changed
        """
        self._repeat_and_decide()
        deliveries = self.env["mfg.integration.delivery"]
        if len(self) == 1:
            return deliveries._notify(_("The message is processed again."))
        return deliveries._notify(
            _("%(count)s messages are processed again.", count=len(self))
        )

    def action_cancel(self):
        """Give the messages up; what waits behind them goes on.

        :raises UserError: decided already, or nobody wrote down what was done instead
        """
        self._check_open()
        self._require_note()
        store.cancel(self.env.cr, self.mapped("inbox_ref"))
        self._decide("cancelled", _("Given up by %(user)s", user=self.env.user.name))
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
                "content": text,
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
            # sudo: repeated as it is, seen or not
            payload = strict_json.loads((self.sudo().content or "").encode())
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

    def _cause(self):
        return self.error

    def _cause_domain(self):
        self.ensure_one()
        return [
            ("state", "=", "open"),
            ("interface_id", "=", self.interface_id.id),
            ("system_id", "=", self.system_id.id),
            ("company_id", "=", self.company_id.id),
            ("error_code", "=", self.error_code),
            ("error", "=", self.error),
        ]

    def _repeat(self):
        corrections, details = {}, {}
        for exception in self:
            text, changed = exception._corrected()
            corrections[exception.inbox_ref] = text if changed else None
            if changed:
                details[exception.id] = _(
                    "with corrected content: SHA-256 %(before)s became %(after)s",
                    before=exception.payload_sha256,
                    after=_digest(text),
                )
        for interface, exceptions in self.grouped("interface_id").items():
            done = store.resubmit(
                self.env.cr,
                {ref: corrections[ref] for ref in exceptions.mapped("inbox_ref")},
                LATENCY_CLASSES[interface.latency_class],
            )
            for exception in exceptions:
                if exception.inbox_ref not in done:
                    raise UserError(
                        _(
                            "%(message)s is not waiting any more.",
                            message=exception.subject,
                        )
                    )
        notify_after_commit(self.env.cr)
        return details


def _pretty(payload):
    return json.dumps(payload, ensure_ascii=False, indent=2, sort_keys=True)


def _digest(text):
    return sha256(text.encode()).hexdigest()
