from psycopg2.extras import execute_values

from odoo import _, api, fields, models, tools
from odoo.exceptions import UserError

from ..engine.wakeup import GATES, notify_after_commit

_STATES = ("unsigned", "running", "down", "paused")


class MfgIntegrationAvailability(models.AbstractModel):
    """Part of the endpoint: whether it can be delivered to. Pauses by people, the breaker
    of the workers.

    What is noted while messages flow stands in a table of its own, see
    sql/endpoint_state.sql.
    """

    _name = "mfg.integration.availability"
    _description = "Availability of an Endpoint"

    breaker_failures = fields.Integer(
        string="Failures in a Row",
        default=5,
        required=True,
        help="After so many failed calls in a row the endpoint counts as not reachable. "
        "So it does when half of at least ten calls within 30 seconds failed.",
    )
    breaker_pause = fields.Float(
        string="First Pause (s)",
        default=30,
        required=True,
        help="An endpoint that is not reachable is left alone for so long, then one "
        "message probes it. Each failed probe doubles the pause. Messages wait in order "
        "and use up no attempts.",
    )
    breaker_longest = fields.Float(
        string="Longest Pause (s)", default=900, required=True
    )
    state = fields.Selection(
        [
            ("unsigned", "No secret"),
            ("running", "Running"),
            ("down", "Not reachable"),
            ("paused", "Paused"),
        ],
        compute="_compute_state",
        search="_search_state",
    )
    paused_at = fields.Datetime(string="Paused Since", compute="_compute_state")
    paused_by_id = fields.Many2one(
        "res.users", string="Paused by", compute="_compute_state"
    )
    paused_reason = fields.Char(compute="_compute_state")
    down_since = fields.Datetime(string="Not Reachable Since", compute="_compute_state")
    down_reason = fields.Char(compute="_compute_state")
    next_probe_at = fields.Datetime(string="Next Probe", compute="_compute_state")
    last_ok_at = fields.Datetime(string="Last Success", compute="_compute_state")
    last_error_at = fields.Datetime(string="Last Failure", compute="_compute_state")
    last_error_code = fields.Char(string="Last Error", compute="_compute_state")

    _sql_constraints = [
        (
            "breaker_range",
            "CHECK(breaker_failures BETWEEN 1 AND 1000 AND breaker_pause > 0 "
            "AND breaker_longest BETWEEN breaker_pause AND 86400)",
            "“Failures in a Row” must be between 1 and 1000, the first pause positive, and "
            "the longest pause not shorter than the first nor longer than a day.",
        ),
    ]

    def init(self):
        """Create the table of states."""
        with tools.file_open("mfg_integration_queue/sql/endpoint_state.sql") as file:
            self.env.cr.execute(file.read())

    def _compute_state(self):
        # Written by workers, outside the ORM: read at every access. That a secret exists
        # is asked in SQL, because those who may see endpoints may not see secrets.
        self.env["mfg.integration.secret"].flush_model()
        self.env.cr.execute(
            """
            SELECT e.id, s.paused_at, s.paused_by, s.paused_reason, s.last_ok_at,
                   s.last_error_at, s.last_error_code, s.breaker <> 'closed' AS down,
                   s.breaker_since, s.breaker_reason, s.open_until,
                   EXISTS (SELECT 1 FROM mfg_integration_secret k
                            WHERE k.endpoint_id = e.id) AS signed
              FROM mfg_integration_endpoint e
         LEFT JOIN mfg_integration_endpoint_state s ON s.endpoint_id = e.id
             WHERE e.id = ANY(%s)
            """,
            [self.ids],
        )
        states = {row.pop("id"): row for row in self.env.cr.dictfetchall()}
        for endpoint in self:
            state = states.get(endpoint._origin.id, {})
            down = state.get("down")
            endpoint.paused_at = state.get("paused_at")
            endpoint.paused_by_id = state.get("paused_at") and state.get("paused_by")
            endpoint.paused_reason = self._in_words(state.get("paused_reason"))
            endpoint.down_since = down and state["breaker_since"]
            endpoint.down_reason = down and self._in_words(state["breaker_reason"])
            endpoint.next_probe_at = down and state["open_until"]
            endpoint.last_ok_at = state.get("last_ok_at")
            endpoint.last_error_at = state.get("last_error_at")
            endpoint.last_error_code = state.get("last_error_code")
            if state.get("paused_at"):
                endpoint.state = "paused"
            elif not state.get("signed"):
                endpoint.state = "unsigned"
            else:
                endpoint.state = "down" if down else "running"

    @api.model
    def _in_words(self, reason):
        """Return what an error code of the catalogue means; other texts as they are."""
        error = self.env["mfg.integration.error.code"]._for_code(reason)
        return f"{error.name} ({reason})" if error else reason

    @api.model
    def _search_state(self, operator, value):
        if operator not in ("=", "!=", "in", "not in"):
            raise UserError(_("Filter endpoints by state with “is” or “is not”."))
        wanted = {value} if isinstance(value, str) else set(value or ())
        if wanted - set(_STATES):
            raise UserError(
                _(
                    "There is no state “%(state)s” of an endpoint.",
                    state=", ".join(map(str, wanted - set(_STATES))),
                )
            )
        if operator in ("!=", "not in"):
            wanted = set(_STATES) - wanted
        self.env.cr.execute(
            """
            SELECT e.id,
                   CASE WHEN s.paused_at IS NOT NULL THEN 'paused'
                        WHEN NOT EXISTS (SELECT 1 FROM mfg_integration_secret k
                                          WHERE k.endpoint_id = e.id) THEN 'unsigned'
                        WHEN s.breaker <> 'closed' THEN 'down'
                        ELSE 'running'
                   END
              FROM mfg_integration_endpoint e
         LEFT JOIN mfg_integration_endpoint_state s ON s.endpoint_id = e.id
            """
        )
        return [("id", "in", [id_ for id_, s in self.env.cr.fetchall() if s in wanted])]

    def action_pause(self, reason=None):
        """Stop delivering; messages wait in order.

        :param str reason: why, for those who wonder later
        """
        self._check_may_steer()
        user = self.env.user.name
        text = (
            _("Paused by %(user)s: %(reason)s", user=user, reason=reason)
            if reason
            else _("Paused by %(user)s", user=user)
        )
        self._set_paused(fields.Datetime.now(), text)
        self._message_log_batch({endpoint.id: text for endpoint in self})

    def action_ask_pause(self):
        """Ask why, then pause."""
        self._check_may_steer()
        return {
            "type": "ir.actions.act_window",
            "name": _("Pause Deliveries"),
            "res_model": "mfg.integration.endpoint.pause",
            "view_mode": "form",
            "target": "new",
            "context": {"default_endpoint_ids": [fields.Command.set(self.ids)]},
        }

    def action_resume(self):
        """Deliver again, beginning with what waited."""
        self._check_may_steer()
        text = _("Resumed by %(user)s", user=self.env.user.name)
        self._set_paused(None, None)
        self._probe_now()
        self._message_log_batch({endpoint.id: text for endpoint in self})

    def action_probe(self):
        """Try an endpoint that is not reachable now instead of when its pause is over."""
        self._check_may_steer()
        self._probe_now()
        return self.env["mfg.integration.delivery"]._notify(
            _("The first message that waits tries now whether it is reachable.")
        )

    def _check_may_steer(self):
        self.check_access_rights("write")
        self.check_access_rule("write")

    def _set_paused(self, paused_at, reason):
        execute_values(
            self.env.cr._obj,
            """
            INSERT INTO mfg_integration_endpoint_state
                   (endpoint_id, paused_at, paused_by, paused_reason)
            VALUES %s
            ON CONFLICT (endpoint_id) DO UPDATE
               SET paused_at = excluded.paused_at,
                   paused_by = excluded.paused_by,
                   paused_reason = excluded.paused_reason,
                   resumed_at = CASE WHEN excluded.paused_at IS NULL
                                     THEN timezone('UTC', clock_timestamp())
                                     ELSE mfg_integration_endpoint_state.resumed_at END
            """,
            [(endpoint.id, paused_at, self.env.uid, reason) for endpoint in self],
        )
        self._forget_state()
        self._settings_changed()

    def _probe_now(self):
        self.env.cr.execute(
            """
            UPDATE mfg_integration_endpoint_state
               SET open_until = timezone('UTC', clock_timestamp())
             WHERE endpoint_id = ANY(%s) AND breaker = 'open'
            """,
            [self.ids],
        )
        self._forget_state()
        notify_after_commit(self.env.cr, GATES)

    def _forget_state(self):
        self.invalidate_recordset(
            [
                name
                for name, field in self._fields.items()
                if field.compute == "_compute_state"
            ]
        )

    def _announce_gone(self):
        """Tell people that the receiver said it is gone for good."""
        self.ensure_one()
        self._message_log(
            body=_(
                "The receiver answered that it is gone for good (HTTP 410): paused. Enter "
                "the new address and resume, or archive the subscriptions."
            )
        )
        owners = self.subscription_ids.interface_id
        for user in owners.exception_owner_id | owners.owner_id:
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                user_id=user.id,
                summary=_("The other system is gone: its messages wait"),
            )
