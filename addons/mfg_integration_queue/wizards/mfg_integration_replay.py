from odoo import _, api, fields, models
from odoo.exceptions import UserError

#: messages one replay takes on; more is a matter of several decisions
MAX_MESSAGES = 50_000
SAMPLE = 10

#: what is chosen by, so that another choice needs another look
_FILTERS = (
    "kind",
    "interface_ids",
    "endpoint_ids",
    "system_ids",
    "date_from",
    "date_to",
    "key",
    "error_code",
    "dead_id",
    "exception_id",
)


class MfgIntegrationReplay(models.TransientModel):
    """Repeats a range of messages: first shows how many and which, then does it."""

    _name = "mfg.integration.replay"
    _description = "Replay"

    kind = fields.Selection(
        [
            ("dead", "Dead letters to decide"),
            ("delivered", "Messages delivered before"),
            ("cancelled", "Messages given up before"),
            ("exception", "Inbound exceptions to decide"),
        ],
        string="What",
        required=True,
        default="dead",
    )
    interface_ids = fields.Many2many(
        "mfg.integration.interface",
        relation="mfg_integration_replay_interface_rel",
        string="Interfaces",
    )
    endpoint_ids = fields.Many2many(
        "mfg.integration.endpoint",
        relation="mfg_integration_replay_endpoint_rel",
        string="Endpoints",
    )
    system_ids = fields.Many2many(
        "mfg.integration.system",
        relation="mfg_integration_replay_system_rel",
        string="Systems",
    )
    date_from = fields.Datetime(string="Recorded from")
    date_to = fields.Datetime(string="Recorded until")
    key = fields.Char(
        string="Document or Order Key", help="Only messages about this document."
    )
    error_code = fields.Char()
    dead_id = fields.Many2one(
        "mfg.integration.dead", string="Same Cause as", ondelete="cascade"
    )
    exception_id = fields.Many2one(
        "mfg.integration.inbox.exception", string="Cause of", ondelete="cascade"
    )
    cause = fields.Text(compute="_compute_cause")
    note = fields.Text(
        string="Remediation", help="What was wrong and what was done about it."
    )
    is_previewed = fields.Boolean(compute="_compute_is_previewed", store=True)
    message_count = fields.Integer(string="Messages", readonly=True)
    delivery_ids = fields.Many2many(
        "mfg.integration.delivery", compute="_compute_sample", string="First Messages"
    )
    dead_ids = fields.Many2many(
        "mfg.integration.dead", compute="_compute_sample", string="First Letters"
    )
    exception_ids = fields.Many2many(
        "mfg.integration.inbox.exception",
        compute="_compute_sample",
        string="First Exceptions",
    )

    @api.depends("dead_id", "exception_id")
    def _compute_cause(self):
        for replay in self:
            waiting = replay.dead_id or replay.exception_id
            replay.cause = waiting and waiting._cause()

    @api.depends(*_FILTERS)
    def _compute_is_previewed(self):
        self.is_previewed = False

    @api.depends("is_previewed")
    def _compute_sample(self):
        self.delivery_ids = self.dead_ids = self.exception_ids = False
        for replay in self.filtered("is_previewed"):
            sample = replay._chosen(limit=SAMPLE)
            if replay.kind == "dead":
                replay.dead_ids = sample
            elif replay.kind == "exception":
                replay.exception_ids = sample
            else:
                replay.delivery_ids = sample

    def action_preview(self):
        """Count what would be repeated and show the first of it; nothing happens yet."""
        self.ensure_one()
        self.env["mfg.integration.delivery"]._check_operator()
        self.message_count = self._count()
        self.is_previewed = True
        return self._reopen()

    def action_replay(self):
        """Repeat what was shown.

        :raises UserError: it was not shown, is not the same any more, is too much, or
            nobody wrote down what was done about the cause
        """
        self.ensure_one()
        self.env["mfg.integration.delivery"]._check_operator()
        if not self.is_previewed:
            raise UserError(
                _("Look at the preview first: it tells what will be repeated.")
            )
        if not (self.note or "").strip():
            raise UserError(
                _("Write down what was wrong and what was done about it first.")
            )
        messages = self._chosen()
        if len(messages) != self.message_count:
            raise UserError(
                _(
                    "There are %(now)s messages now, the preview told of %(before)s. Look "
                    "at the preview once more.",
                    now=len(messages),
                    before=self.message_count,
                )
            )
        if not messages:
            raise UserError(_("There is nothing to repeat."))
        if self.kind in ("dead", "exception"):
            messages._repeat_and_decide(self.note)
        else:
            messages._replay()
            messages._record_replay(self.note)
        return self.env["mfg.integration.delivery"]._notify_repeated(self.message_count)

    @api.model
    def _open_for_cause(self, waiting):
        """Return the action that repeats what waits for the same cause as a message."""
        outbound = waiting._name == "mfg.integration.dead"
        replay = self.create(
            {
                "kind": "dead" if outbound else "exception",
                "dead_id" if outbound else "exception_id": waiting.id,
                "note": waiting.remediation_note,
            }
        )
        return replay.action_preview()

    def _chosen(self, limit=None):
        """Return the messages, in the order they were recorded."""
        model, domain = self._model(), self._domain()
        order = {"dead": "delivery_ref", "exception": "inbox_ref"}.get(self.kind, "id")
        return model.search(domain, limit=limit or MAX_MESSAGES + 1, order=order)

    def _count(self):
        count = self._model().search_count(self._domain(), limit=MAX_MESSAGES + 1)
        if count > MAX_MESSAGES:
            raise UserError(
                _(
                    "More than %(most)s messages: choose a shorter time or fewer "
                    "interfaces.",
                    most=MAX_MESSAGES,
                )
            )
        return count

    def _model(self):
        name = {"dead": "dead", "exception": "inbox.exception"}.get(
            self.kind, "delivery"
        )
        return self.env[f"mfg.integration.{name}"]

    def _domain(self):
        self.ensure_one()
        waiting = self.dead_id or self.exception_id
        if waiting:
            return waiting._cause_domain()
        recorded = "created_at"
        if self.kind in ("dead", "exception"):
            recorded = "create_date"
            domain = [("state", "=", "open")]
            if self.error_code:
                domain.append(("error_code", "=", self.error_code))
        else:
            domain = [("state", "=", self.kind)]
        if self.interface_ids:
            domain.append(("interface_id", "in", self.interface_ids.ids))
        if self.kind == "exception" and self.system_ids:
            domain.append(("system_id", "in", self.system_ids.ids))
        if self.kind != "exception" and self.endpoint_ids:
            domain.append(("endpoint_id", "in", self.endpoint_ids.ids))
        if self.date_from:
            domain.append((recorded, ">=", self.date_from))
        if self.date_to:
            domain.append((recorded, "<=", self.date_to))
        return domain + self._key_domain()

    def _key_domain(self):
        if not self.key:
            return []
        if self.kind in ("delivered", "cancelled"):
            return ["|", ("lane", "=", self.key), ("subject", "=", self.key)]
        if self.kind == "exception":
            name, ref = "mfg.integration.inbox", "inbox_ref"
            lane = ("lane", "=like", f"%:{self.key}")
        else:
            name, ref = "mfg.integration.delivery", "delivery_ref"
            lane = ("lane", "=", self.key)
        messages = self.env[name].search([lane])
        return ["|", ("subject", "=", self.key), (ref, "in", messages.ids)]

    def _reopen(self):
        return {
            "type": "ir.actions.act_window",
            "name": _("Replay"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
            "context": {"dialog_size": "extra-large"},
        }
