from odoo import _, api, fields, models
from odoo.exceptions import UserError


class MfgIntegrationDecidable(models.AbstractModel):
    """What dead letters and inbound exceptions share: a cause, an owner, one decision.

    A model that inherits adds ``state`` (``open`` first) and says how its messages are
    repeated.
    """

    _name = "mfg.integration.decidable"
    _description = "Message to Decide About"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _rec_name = "subject"

    #: state of a message that was repeated
    _repeated = None
    #: what people may change: the owner, the note, and what mail.thread keeps about them
    _editable = frozenset(
        {
            "owner_id",
            "remediation_note",
            "activity_ids",
            "message_follower_ids",
            "message_ids",
            "message_main_attachment_id",
        }
    )

    subject = fields.Char(string="Message", readonly=True)
    interface_id = fields.Many2one(
        "mfg.integration.interface", readonly=True, index=True, ondelete="restrict"
    )
    runbook = fields.Html(related="interface_id.runbook")
    company_id = fields.Many2one("res.company", readonly=True, index=True)
    owner_id = fields.Many2one("res.users", tracking=True, index=True)
    error_code = fields.Char(readonly=True)
    error_id = fields.Many2one(
        "mfg.integration.error.code",
        string="What Happened",
        compute="_compute_error_id",
    )
    suggestion = fields.Text(string="What to Do", compute="_compute_error_id")
    steps = fields.Html(string="Step by Step", compute="_compute_error_id")
    attempts = fields.Integer(readonly=True)
    blocking = fields.Boolean(readonly=True)
    decision_id = fields.Many2one(
        "mfg.integration.decision", readonly=True, index="btree_not_null"
    )
    decided_by_id = fields.Many2one("res.users", readonly=True)
    decided_at = fields.Datetime(readonly=True)
    remediation_note = fields.Text(
        tracking=True, help="What was wrong and what was done about it."
    )

    @api.depends("error_code")
    def _compute_error_id(self):
        errors = self.env["mfg.integration.error.code"]
        for message in self:
            message.error_id = errors._for_code(message.error_code)
            message.suggestion = message.error_id.suggestion
            message.steps = message.error_id.runbook

    def write(self, vals):
        """People change what is theirs to change; the rest is what happened."""
        if not self.env.su and vals.keys() - self._editable:
            raise UserError(
                _("Use the buttons to decide; what happened stays as it is.")
            )
        return super().write(vals)

    def action_replay_cause(self):
        """Open the replay of everything that waits for the same cause as this message.

        :raises UserError: it was decided already
        """
        self.ensure_one()
        self._check_open()
        return self.env["mfg.integration.replay"]._open_for_cause(self)

    def _cause_domain(self):
        """Return the domain of the messages with this one's cause that wait, too."""
        raise NotImplementedError

    def _cause(self):
        """Return what is wrong, as text."""
        raise NotImplementedError

    def _repeat(self):
        """Put the messages back to work; rights and state are checked.

        :return: message id → what else to say about it in its log
        """
        raise NotImplementedError

    def _repeat_and_decide(self, note=None):
        """Repeat the messages by one decision.

        :param note: what was done about the cause; kept with each message
        """
        self._check_open()
        if note:
            # sudo: messages change by decisions only; rights are checked above
            self.sudo().write({"remediation_note": note})
        states = dict(self._fields["state"]._description_selection(self.env))
        text = _(
            "%(decision)s by %(user)s",
            decision=states[self._repeated],
            user=self.env.user.name,
        )
        self._decide(self._repeated, text, self._repeat())

    def _check_open(self):
        self.env["mfg.integration.delivery"]._check_operator()
        self.check_access_rule("read")
        decided = self.filtered(lambda each: each.state != "open")
        if decided:
            raise UserError(
                _(
                    "%(message)s was already decided by %(user)s.",
                    message=decided[0].subject,
                    user=decided[0].decided_by_id.name,
                )
            )

    def _require_note(self):
        silent = self.filtered(lambda each: not each.remediation_note)
        if silent:
            raise UserError(
                _(
                    "Write into the remediation note of %(message)s what was wrong and "
                    "what was done about it first.",
                    message=silent[0].subject,
                )
            )

    def _decide(self, state, text, details=None):
        """Close the messages and write the decision down, one for each interface and
        company; rights are checked by the caller.

        :param details: message id → what else its log says
        """
        if not self:
            return
        groups = self.grouped(lambda each: (each.interface_id, each.company_id))
        for (interface, company), messages in groups.items():
            first = messages[0]
            # sudo: operators decide by buttons only, never by writing
            decision = (
                self.env["mfg.integration.decision"]
                .sudo()
                ._record(
                    state,
                    interface,
                    company,
                    len(messages),
                    note=first.remediation_note,
                    cause=first._cause(),
                    error_id=first.error_id.id,
                )
            )
            # sudo: as above
            messages.sudo().write(
                {
                    "state": state,
                    "decision_id": decision.id,
                    "decided_by_id": self.env.uid,
                    "decided_at": decision.decided_at,
                }
            )
        # sudo: as above; the log and the activities follow the decision
        closed = self.sudo()
        closed._message_log_batch(
            {
                message.id: " ".join(
                    filter(None, [text, (details or {}).get(message.id)])
                )
                for message in self
            }
        )
        closed.activity_unlink(["mail.mail_activity_data_todo"])
