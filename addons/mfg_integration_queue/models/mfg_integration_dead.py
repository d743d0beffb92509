from odoo import _, api, fields, models


class BigInteger(fields.Integer):
    """Numbers of the runtime tables outgrow four bytes."""

    column_type = ("int8", "int8")


class MfgIntegrationDead(models.Model):
    """A message that cannot be delivered and waits for a person to decide.

    Rows are written by the delivery engine; people own them, discuss them and decide.
    """

    _name = "mfg.integration.dead"
    _description = "Dead Letter"
    _inherit = ["mfg.integration.decidable", "mfg.integration.answered"]
    _repeated = "replayed"

    delivery_ref = BigInteger(string="Message Number", readonly=True, index=True)
    event_ref = BigInteger(string="Event Number", readonly=True)
    event_uuid = fields.Char(string="Message Id", readonly=True)
    event_id = fields.Many2one("mfg.integration.event", compute="_compute_event_id")
    subject = fields.Char(
        string="Document", compute="_compute_event_id", search="_search_subject"
    )
    payload = fields.Text(compute="_compute_payload")
    endpoint_id = fields.Many2one(
        "mfg.integration.endpoint", readonly=True, ondelete="restrict"
    )
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
    status = fields.Integer(string="HTTP Status", readonly=True, group_operator=None)
    cause = fields.Text(
        readonly=True, help="What is missing, the same for every message that lacks it."
    )
    blocking = fields.Boolean(
        string="Holds Its Record",
        readonly=True,
        help="Later messages about the same record wait for the decision.",
    )

    @api.depends("event_ref")
    def _compute_event_id(self):
        # sudo: a letter's readers see which document it is about
        events = (
            self.env["mfg.integration.event"]
            .sudo()
            .search_fetch([("id", "in", self.mapped("event_ref"))], ["subject"])
        )
        by_id = {event.id: event for event in events}
        for letter in self:
            event = by_id.get(letter.event_ref, events.browse())
            letter.event_id = event
            letter.subject = event.subject or letter.event_uuid

    @api.depends("event_ref")
    @api.depends_context("uid")
    def _compute_payload(self):
        for letter in self:
            # sudo: a letter's readers see its content, as far as it is not confidential
            letter.payload = letter.event_id.sudo().payload

    @api.model
    def _search_subject(self, operator, value):
        # sudo: record rules of the letters themselves still apply
        events = (
            self.env["mfg.integration.event"]
            .sudo()
            .search([("subject", operator, value)])
        )
        return [("event_ref", "in", events.ids)]

    @api.model
    def _group_expand_state(self, states, domain, order):
        return [value for value, _label in self._fields["state"].selection]

    def action_replay(self):
        """Send the messages again, with the same id, and close the letters."""
        self._repeat_and_decide()
        return self.env["mfg.integration.delivery"]._notify_repeated(len(self))

    def action_cancel(self):
        """Give the messages up; what waits behind them goes on.

        :raises UserError: nobody wrote down what was done instead
        """
        self._check_open()
        self._require_note()
        blocking = self.filtered("blocking")
        deliveries = self.env["mfg.integration.delivery"].browse(
            blocking.mapped("delivery_ref")
        )
        note = _("Given up by %(user)s", user=self.env.user.name)
        deliveries._cancel(note)
        (self - blocking)._decide("cancelled", note)

    def action_open_record(self):
        """Open the document the message is about."""
        self.ensure_one()
        return self.event_id.action_open_record()

    def _cause(self):
        return self.cause or self.answer

    def _cause_domain(self):
        self.ensure_one()
        return [
            ("state", "=", "open"),
            ("interface_id", "=", self.interface_id.id),
            ("endpoint_id", "=", self.endpoint_id.id),
            ("company_id", "=", self.company_id.id),
            ("error_code", "=", self.error_code),
            ("cause", "=", self.cause),
        ]

    def _repeat(self):
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
        return {}
