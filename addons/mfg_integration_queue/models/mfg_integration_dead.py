from odoo import _, api, fields, models
from odoo.exceptions import UserError


class BigInteger(fields.Integer):
    """Numbers of the runtime tables outgrow four bytes."""

    column_type = ("int8", "int8")


#: what people may change: the owner, the note, and what mail.thread keeps about them
_EDITABLE = {
    "owner_id",
    "remediation_note",
    "activity_ids",
    "message_follower_ids",
    "message_ids",
    "message_main_attachment_id",
}


class MfgIntegrationDead(models.Model):
    """A message that cannot be delivered and waits for a person to decide.

    Rows are written by the delivery engine; people own them, discuss them and decide.
    """

    _name = "mfg.integration.dead"
    _description = "Dead Letter"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _rec_name = "subject"

    delivery_ref = BigInteger(string="Message Number", readonly=True, index=True)
    event_ref = BigInteger(string="Event Number", readonly=True)
    event_uuid = fields.Char(string="Message Id", readonly=True)
    event_id = fields.Many2one("mfg.integration.event", compute="_compute_event_id")
    subject = fields.Char(
        string="Document", compute="_compute_event_id", search="_search_subject"
    )
    payload = fields.Text(compute="_compute_event_id")
    interface_id = fields.Many2one(
        "mfg.integration.interface", readonly=True, index=True, ondelete="restrict"
    )
    runbook = fields.Html(related="interface_id.runbook")
    endpoint_id = fields.Many2one(
        "mfg.integration.endpoint", readonly=True, ondelete="restrict"
    )
    company_id = fields.Many2one("res.company", readonly=True, index=True)
    owner_id = fields.Many2one("res.users", tracking=True, index=True)
    state = fields.Selection(
        [("open", "To decide"), ("replayed", "Sent again"), ("cancelled", "Given up")],
        default="open",
        required=True,
        readonly=True,
        index=True,
        tracking=True,
        group_expand="_group_expand_state",
    )
    reason = fields.Selection(
        [
            ("refused", "Refused by the other side"),
            ("exhausted", "Too many attempts"),
            ("expired", "Too old"),
            ("poison", "Ended the worker three times"),
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
    status = fields.Integer(string="HTTP Status", readonly=True, group_operator=None)
    excerpt = fields.Text(string="Answer", readonly=True)
    cause = fields.Text(
        readonly=True, help="What is missing, the same for every message that lacks it."
    )
    attempts = fields.Integer(readonly=True)
    blocking = fields.Boolean(
        string="Holds Its Record",
        readonly=True,
        help="Later messages about the same record wait for the decision.",
    )
    decided_by_id = fields.Many2one("res.users", readonly=True)
    decided_at = fields.Datetime(readonly=True)
    remediation_note = fields.Text(
        tracking=True, help="What was wrong and what was done about it."
    )

    @api.depends("event_ref")
    def _compute_event_id(self):
        # sudo: a letter's readers see which document it is about
        events = (
            self.env["mfg.integration.event"]
            .sudo()
            .search_fetch(
                [("id", "in", self.mapped("event_ref"))], ["subject", "payload"]
            )
        )
        by_id = {event.id: event for event in events}
        for letter in self:
            event = by_id.get(letter.event_ref, events.browse())
            letter.event_id = event
            letter.subject = event.subject or letter.event_uuid
            letter.payload = event.payload

    @api.model
    def _search_subject(self, operator, value):
        # sudo: record rules of the letters themselves still apply
        events = (
            self.env["mfg.integration.event"]
            .sudo()
            .search([("subject", operator, value)])
        )
        return [("event_ref", "in", events.ids)]

    @api.depends("error_code")
    def _compute_error_id(self):
        errors = self.env["mfg.integration.error.code"]
        for letter in self:
            letter.error_id = errors._for_code(letter.error_code)
            letter.suggestion = letter.error_id.suggestion

    @api.model
    def _group_expand_state(self, states, domain, order):
        return [value for value, _label in self._fields["state"].selection]

    def write(self, vals):
        """People change the owner and the note; the rest is what happened."""
        if not self.env.su and vals.keys() - _EDITABLE:
            raise UserError(
                _(
                    "Use the buttons to decide on a dead letter; what happened stays as it is."
                )
            )
        return super().write(vals)

    def action_replay(self):
        """Send the messages again, with the same id, and close the letters."""
        self._check_open()
        continuing = self.filtered(lambda each: not each.blocking)
        deliveries = self.env["mfg.integration.delivery"]
        deliveries.browse(continuing.mapped("delivery_ref"))._replay()
        blocking = self - continuing
        self.env.cr.execute(
            """
            UPDATE mfg_integration_delivery
               SET dead_id = NULL, next_at = NULL, attempts = 0,
                   deadline_at = timezone('UTC', clock_timestamp())
                       + i.max_age_hours * interval '1 hour',
                   due_at = timezone('UTC', clock_timestamp())
                       + NULLIF(i.sla_max_age_minutes, 0) * interval '1 minute'
              FROM mfg_integration_interface i
             WHERE i.id = interface_id
               AND mfg_integration_delivery.id = ANY(%s)
            """,
            [blocking.mapped("delivery_ref")],
        )
        deliveries._changed()
        # sudo: letters change by decisions only; rights are checked above
        self.sudo()._decide(
            "replayed", _("Sent again by %(user)s", user=self.env.user.name)
        )

    def action_cancel(self):
        """Give the messages up; what waits behind them goes on.

        :raises UserError: nobody wrote down what was done instead
        """
        self._check_open()
        silent = self.filtered(lambda each: not each.remediation_note)
        if silent:
            raise UserError(
                _(
                    "Write into the remediation note of %(document)s what was done about "
                    "it before you give the message up.",
                    document=silent[0].subject,
                )
            )
        blocking = self.filtered("blocking")
        deliveries = self.env["mfg.integration.delivery"].browse(
            blocking.mapped("delivery_ref")
        )
        note = _("Given up by %(user)s", user=self.env.user.name)
        deliveries._cancel(note)
        # sudo: letters change by decisions only; rights are checked above
        (self - blocking).sudo()._decide("cancelled", note)

    def action_open_record(self):
        """Open the document the message is about."""
        self.ensure_one()
        return self.event_id.action_open_record()

    def _check_open(self):
        self.env["mfg.integration.delivery"]._check_operator()
        self.check_access_rule("read")
        decided = self.filtered(lambda each: each.state != "open")
        if decided:
            raise UserError(
                _(
                    "%(document)s was already decided by %(user)s.",
                    document=decided[0].subject,
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
        self._message_log_batch({letter.id: note for letter in self})
        self.activity_unlink(["mail.mail_activity_data_todo"])
