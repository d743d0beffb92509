from datetime import timedelta

from odoo import _, api, fields, models
from odoo.exceptions import UserError

from ..engine import histogram, minutes
from ..engine.wakeup import workers_alive

#: seconds messages may be due without any worker or scheduled action taking them
UNSERVED_AFTER = 300
#: messages in an hour that tell something about how fast an interface is
SLOW_SAMPLE = 20
ACTIVITY = "mail.mail_activity_data_warning"

#: what mail.thread keeps about them
_EDITABLE = {
    "activity_ids",
    "message_follower_ids",
    "message_ids",
    "message_main_attachment_id",
}

_NOW = "timezone('UTC', clock_timestamp())"
# No index serves the first part: every emit would pay for it, and this looks once a
# minute at a table that holds unfinished messages only.
_FOUND = f"""
    SELECT 'late' AS kind, interface_id, company_id, count(*)::integer AS messages,
           min(due_at) AS since
      FROM mfg_integration_delivery
     WHERE due_at < {_NOW}
     GROUP BY interface_id, company_id
 UNION ALL
    SELECT 'late', i.interface_id, i.company_id, count(*)::integer,
           min(i.created_at + f.sla_max_age_minutes * interval '1 minute')
      FROM mfg_integration_inbox_todo t
      JOIN mfg_integration_inbox i ON i.id = t.inbox_id AND i.created_at = t.inbox_at
      JOIN mfg_integration_interface f ON f.id = i.interface_id
     WHERE f.sla_max_age_minutes > 0
       AND i.created_at + f.sla_max_age_minutes * interval '1 minute' < {_NOW}
     GROUP BY i.interface_id, i.company_id
 UNION ALL
    SELECT 'undecided', e.interface_id, e.company_id, count(*)::integer,
           min(e.create_date + f.sla_recovery_minutes * interval '1 minute')
      FROM (SELECT interface_id, company_id, create_date FROM mfg_integration_dead
             WHERE state = 'open'
            UNION ALL
            SELECT interface_id, company_id, create_date
              FROM mfg_integration_inbox_exception WHERE state = 'open') e
      JOIN mfg_integration_interface f ON f.id = e.interface_id
     WHERE f.sla_recovery_minutes > 0
       AND e.create_date + f.sla_recovery_minutes * interval '1 minute' < {_NOW}
     GROUP BY e.interface_id, e.company_id
"""
# What could be taken and is not: heads of lanes only, for a lane waits behind a retry.
# In cron mode nobody lives between two runs, but the runs leave their mark. Batch messages
# may wait for their window: whether they come too late is the service level's business.
_UNSERVED = f"""
    SELECT 'unserved' AS kind, NULL::integer AS interface_id, NULL::integer AS company_id,
           count(*)::integer AS messages, min(head.due) AS since
      FROM (
        (SELECT DISTINCT ON (d.endpoint_id, d.lane)
                d.dead_id AS decision_id, GREATEST(d.created_at, d.next_at) AS due
           FROM mfg_integration_delivery d
           JOIN mfg_integration_endpoint e ON e.id = d.endpoint_id AND e.active
      LEFT JOIN mfg_integration_endpoint_state s ON s.endpoint_id = d.endpoint_id
          WHERE s.paused_at IS NULL AND COALESCE(s.breaker, 'closed') = 'closed'
            AND d.class < 3
          ORDER BY d.endpoint_id, d.lane, d.id)
      UNION ALL
        (SELECT DISTINCT ON (lane)
                exception_id, GREATEST(inbox_at, next_at, started_at)
           FROM mfg_integration_inbox_todo
          ORDER BY lane, inbox_id)
      ) head
     WHERE head.decision_id IS NULL
       AND head.due < {_NOW} - %(after)s * interval '1 second'
       AND NOT EXISTS (
           SELECT 1 FROM mfg_integration_endpoint_state
            WHERE GREATEST(last_ok_at, last_error_at)
                  > {_NOW} - %(after)s * interval '1 second')
    HAVING count(*) > 0
"""


class MfgIntegrationAlert(models.Model):
    """A service level that is not kept: opened, escalated and closed by the watch.

    One open alert per kind, interface and company, however many messages it is about: one
    activity for the owner, and one for the escalation contact if it lasts.
    """

    _name = "mfg.integration.alert"
    _description = "Integration Alert"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "state, id desc"

    name = fields.Char(compute="_compute_name")
    kind = fields.Selection(
        [
            ("late", "Messages are late"),
            ("slow", "Messages are slow"),
            ("undecided", "Failed messages wait too long"),
            ("unserved", "Nobody delivers"),
        ],
        required=True,
        readonly=True,
    )
    interface_id = fields.Many2one(
        "mfg.integration.interface", readonly=True, index=True, ondelete="cascade"
    )
    runbook = fields.Html(related="interface_id.runbook")
    company_id = fields.Many2one("res.company", readonly=True, index=True)
    state = fields.Selection(
        [("open", "Open"), ("escalated", "Escalated"), ("closed", "Recovered")],
        default="open",
        required=True,
        readonly=True,
        index=True,
    )
    messages = fields.Integer(string="Messages Concerned", readonly=True)
    since = fields.Datetime(
        string="Not Kept Since",
        readonly=True,
        help="When the first of these messages should have been through.",
    )
    owner_id = fields.Many2one("res.users", readonly=True, index=True)
    escalate_at = fields.Datetime(
        string="Escalation Due",
        readonly=True,
        help="If it lasts until then, the escalation contact is told.",
    )
    escalated_at = fields.Datetime(string="Escalated", readonly=True)
    escalated_to_id = fields.Many2one("res.users", readonly=True)
    closed_at = fields.Datetime(string="Recovered", readonly=True)

    def init(self):
        """Let the database see to it that there is one open alert of a kind."""
        self.env.cr.execute(
            """
            CREATE UNIQUE INDEX IF NOT EXISTS mfg_integration_alert_open_idx
                ON mfg_integration_alert
                   (kind, COALESCE(interface_id, 0), COALESCE(company_id, 0))
             WHERE state <> 'closed'
            """
        )

    @api.depends("kind", "interface_id")
    def _compute_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for alert in self:
            parts = [alert.interface_id.name, kinds.get(alert.kind)]
            alert.name = ": ".join(filter(None, parts))

    def write(self, vals):
        """People discuss alerts; only the watch changes them."""
        if not self.env.su and vals.keys() - _EDITABLE:
            raise UserError(
                _("An alert closes by itself when its service level is kept again.")
            )
        return super().write(vals)

    def action_open_messages(self):
        """Open what the alert is about.

        :return: window action
        :raises UserError: there is no list of messages for this kind of alert
        """
        self.ensure_one()
        if self.kind == "unserved":
            return self.env["ir.actions.act_window"]._for_xml_id(
                "mfg_integration_queue.mfg_integration_worker_action"
            )
        if not self.interface_id:
            raise UserError(_("%(alert)s has no messages to show.", alert=self.name))
        outbound = self.interface_id.direction == "outbound"
        if self.kind == "undecided":
            name = "dead" if outbound else "inbox_exception"
            domain = [("state", "=", "open")]
        else:
            name = "delivery" if outbound else "inbox"
            waiting = ("pending", "retry", "dead_waiting", "received", "processing")
            domain = [("state", "in", waiting)] if self.kind == "late" else []
        action = self.env["ir.actions.act_window"]._for_xml_id(
            f"mfg_integration_queue.mfg_integration_{name}_action"
        )
        action["domain"] = [
            *domain,
            ("interface_id", "=", self.interface_id.id),
            ("company_id", "=", self.company_id.id),
        ]
        action["context"] = {}
        return action

    @api.model
    def _cron_watch(self):
        """Open, escalate and close alerts. Doing it twice changes nothing."""
        found = {
            (row["kind"], row["interface_id"], row["company_id"]): row
            for row in self._find()
        }
        alerts = {
            (
                alert.kind,
                alert.interface_id.id or None,
                alert.company_id.id or None,
            ): alert
            for alert in self.search([("state", "!=", "closed")])
        }
        self.browse(alerts[key].id for key in alerts.keys() - found.keys())._close()
        for key in alerts.keys() & found.keys():
            alerts[key]._refresh(found[key])
        self._open(
            [found[key] for key in sorted(found.keys() - alerts.keys(), key=str)]
        )
        self._escalate_due()

    @api.model
    def _find(self):
        """Return what is not kept now, as dicts of kind, interface_id, company_id,
        messages, since."""
        self.env.flush_all()
        self.env.cr.execute(_FOUND)
        found = self.env.cr.dictfetchall() + self._find_slow()
        if not workers_alive(self.env.cr):
            self.env.cr.execute(_UNSERVED, {"after": UNSERVED_AFTER})
            found += self.env.cr.dictfetchall()
        return found

    @api.model
    def _find_slow(self):
        """Return the interfaces whose last hour was slower than agreed."""
        hour = f"{_NOW} - interval '1 hour'"
        figures = minutes.sums(hour, ["interface_id", "company_id"])
        self.env.cr.execute(f"{figures} GROUP BY interface_id, company_id")  # pylint: disable=sql-injection
        rows = [row for row in self.env.cr.dictfetchall() if row["done"] >= SLOW_SAMPLE]
        interfaces = self.env["mfg.integration.interface"].browse(
            row["interface_id"] for row in rows
        )
        agreed = {each.id: each.sla_p95_seconds * 1000 for each in interfaces}
        return [
            {
                "kind": "slow",
                "interface_id": row["interface_id"],
                "company_id": row["company_id"],
                "messages": row["done"],
                "since": None,
            }
            for row in rows
            if 0
            < agreed[row["interface_id"]]
            < histogram.percentile(row["buckets"], 0.95)
        ]

    @api.model
    def _open(self, rows):
        now = fields.Datetime.now()
        values = []
        for row in rows:
            interface = self.env["mfg.integration.interface"].browse(
                row["interface_id"]
            )
            minutes = interface.sla_recovery_minutes
            if row["kind"] == "undecided":
                escalate_at = now  # whoever should have decided had the time already
            else:
                escalate_at = minutes and now + timedelta(minutes=minutes)
            values.append(
                {
                    **row,
                    "owner_id": self._owner(interface, row["company_id"]).id,
                    "escalate_at": escalate_at or False,
                }
            )
        for alert in self.create(values):
            alert._give_activity(
                alert.owner_id,
                _("%(alert)s (%(count)s)", alert=alert.name, count=alert.messages),
            )

    def _refresh(self, row):
        """Follow the figures; people's activities stay as they are."""
        self.ensure_one()
        if self.kind == "slow":
            return  # the figure of a sliding hour, as it was when it was noticed
        changed = {
            name: row[name] for name in ("messages", "since") if self[name] != row[name]
        }
        if changed:
            self.write(changed)

    def _close(self):
        """The service level is kept again: nobody has to do anything about it."""
        if not self:
            return
        self.write({"state": "closed", "closed_at": fields.Datetime.now()})
        self.activity_unlink([ACTIVITY])

    @api.model
    def _escalate_due(self):
        due = self.search(
            [("state", "=", "open"), ("escalate_at", "<=", fields.Datetime.now())]
        )
        for alert in due:
            contact = alert._escalation_contact()
            alert.write(
                {
                    "state": "escalated",
                    "escalated_at": fields.Datetime.now(),
                    "escalated_to_id": contact.id,
                }
            )
            alert._give_activity(
                contact,
                _(
                    "Escalation: %(alert)s, %(owner)s has not solved it in time",
                    alert=alert.name,
                    owner=alert.owner_id.name or _("nobody"),
                ),
            )

    def _give_activity(self, user, summary):
        self.ensure_one()
        if user:
            self.activity_schedule(ACTIVITY, user_id=user.id, summary=summary)

    @api.model
    def _owner(self, interface, company_id):
        if not interface:
            return self._administrator(company_id)
        return self._first_able(
            interface.exception_owner_id + interface.owner_id, company_id
        ) or self._first_able(interface.escalation_user_id, company_id)

    def _escalation_contact(self):
        """Return whom to tell: the escalation contact, else who answers for the contract,
        else an integration administrator; never the owner a second time."""
        self.ensure_one()
        interface = self.interface_id
        contact = self._first_able(
            interface.escalation_user_id + interface.owner_id - self.owner_id,
            self.company_id.id,
        )
        return contact or self._administrator(self.company_id.id) - self.owner_id

    @api.model
    def _administrator(self, company_id):
        group = self.env.ref("mfg_integration_queue.group_administrator")
        people = group.users.filtered(
            lambda user: user != self.env.ref("base.user_root")
        )
        return self._first_able(people.sorted("id"), company_id)

    @api.model
    def _first_able(self, users, company_id):
        """Return the first of ``users`` who can open an alert of the company: Odoo
        refuses to give others an activity."""
        return users.filtered(
            lambda user: (
                user.active
                and (not company_id or company_id in user.company_ids.ids)
                and user.has_group("mfg_integration_queue.group_viewer")
            )
        )[:1]
