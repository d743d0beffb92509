from odoo import _, api, fields, models
from odoo.exceptions import AccessError, UserError

from ..engine import watch
from .mfg_audit_alert_rule import KINDS, SEVERITIES

ACTIVITY = "mail.mail_activity_data_warning"
#: transactions of one alert that are kept to be opened
KEPT = 200
#: kinds whose subject is a table
ABOUT_TABLES = ("bulk_delete", "mass_export", "capture_gap")
#: what people may do with an alert
_EDITABLE = {
    "activity_ids",
    "conclusion",
    "message_follower_ids",
    "message_ids",
    "message_main_attachment_id",
    "owner_id",
}


class MfgAuditAlert(models.Model):
    """Something in the trail that somebody should look at, and what came of it."""

    _name = "mfg.audit.alert"
    _description = "Audit Alert"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "state, severity desc, last_at desc, id desc"

    name = fields.Char(compute="_compute_name")
    kind = fields.Selection(KINDS, required=True, readonly=True, index=True)
    severity = fields.Selection(SEVERITIES, required=True, readonly=True)
    subject = fields.Char(string="About", readonly=True)
    state = fields.Selection(
        [("open", "Open"), ("closed", "Looked At")],
        required=True,
        readonly=True,
        default="open",
        index=True,
    )
    count = fields.Integer(string="How Often", readonly=True)
    first_at = fields.Datetime(string="First", readonly=True)
    last_at = fields.Datetime(string="Last", readonly=True)
    user_id = fields.Many2one("res.users", string="Done By", readonly=True, index=True)
    owner_id = fields.Many2one("res.users", index=True, tracking=True)
    company_id = fields.Many2one("res.company", readonly=True, index=True)
    conclusion = fields.Text(help="What it was, and what was done about it.")
    closed_by_id = fields.Many2one("res.users", string="Looked At By", readonly=True)
    transaction_ids = fields.Json(readonly=True)

    @api.depends("kind", "subject", "company_id")
    def _compute_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for alert in self:
            parts = [kinds.get(alert.kind), alert._subject_name()]
            alert.name = ": ".join(filter(None, parts))

    def write(self, vals):
        """People conclude alerts; only the watch changes what they say.

        :raises AccessError: something else is written
        """
        if not self.env.su and vals.keys() - _EDITABLE:
            raise AccessError(
                _(
                    "An alert tells what is in the trail: write a conclusion and close it."
                )
            )
        return super().write(vals)

    def _subject_name(self):
        """What the alert is about, as its readers call it."""
        self.ensure_one()
        if self.kind == "lock_date":
            # Who may see the alert may know whose books they are.
            return self.company_id.sudo().name
        model = (self.subject or "").replace("_", ".")
        if self.kind in ABOUT_TABLES and model in self.env:
            # The names of models are no business data.
            return self.env["ir.model"]._get(model).sudo().name
        return self.subject

    def action_close(self):
        """Somebody has looked at it.

        :raises AccessError: the user is no reviewer, or it is about the user's own deeds
        :raises UserError: there is no conclusion
        """
        self.check_access_rights("write")
        self.check_access_rule("write")
        for alert in self:
            if alert.user_id == self.env.user:
                raise AccessError(
                    _(
                        "%(alert)s is about what you did: somebody else looks at it.",
                        alert=alert.name,
                    )
                )
            if not (alert.conclusion or "").strip():
                raise UserError(
                    _(
                        "Write into Conclusion of %(alert)s what it was.",
                        alert=alert.name,
                    )
                )
        # State and who are no fields that people write.
        self.sudo().write({"state": "closed", "closed_by_id": self.env.uid})
        self.sudo().activity_feedback([ACTIVITY])  # whoever was asked to look

    def action_open_events(self):
        """Open the events that the alert is about.

        :return: window action
        :raises UserError: it is about the trail itself
        """
        self.ensure_one()
        if not self.transaction_ids:
            raise UserError(
                _(
                    "%(alert)s is about the trail itself: see Verification.",
                    alert=self.name,
                )
            )
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "mfg_audit_trail.mfg_audit_event_action"
        )
        action["domain"] = [("transaction_id", "in", self.transaction_ids)]
        action["context"] = {}
        return action

    @api.model
    def _cron_watch(self):
        """Open and refresh alerts. Doing it twice changes nothing."""
        self.env.flush_all()
        for rule in self.env["mfg.audit.alert.rule"].search([]):  # pylint: disable=no-search-all
            rows = watch.look(self.env.cr, rule.kind, rule.threshold, rule.minutes)
            if rows:
                self._tell(rule, rows)

    @api.model
    def _tell(self, rule, rows):
        """One open alert per subject; what was looked at is not told again."""
        known = {}
        for alert in self.search([("kind", "=", rule.kind)], order="id"):
            known[alert.subject, alert.user_id.id, alert.company_id.id] = alert
        values = []
        for row in rows:
            row = {**row, "subject": row["subject"] or False}
            told = known.get(
                (row["subject"], row["user_id"] or False, row["company_id"] or False)
            )
            if told and told.state == "open":
                told._refresh(row)
            elif (
                not told
                or told.last_at < row["first_at" if row["first_at"] else "last_at"]
            ):
                values.append(self._values(rule, row))
        for alert in self.create(values):
            if alert.owner_id:
                alert.activity_schedule(
                    ACTIVITY, user_id=alert.owner_id.id, summary=alert.name
                )

    @api.model
    def _values(self, rule, row):
        return {
            "kind": rule.kind,
            "severity": rule.severity,
            "subject": row["subject"],
            "count": row["count"],
            "first_at": row["first_at"],
            "last_at": row["last_at"],
            "user_id": row["user_id"],
            "company_id": row["company_id"],
            "owner_id": self._owner(rule, row).id,
            "transaction_ids": row["transactions"][:KEPT],
        }

    def _refresh(self, row):
        """Follow the figures; people's activities stay as they are."""
        self.ensure_one()
        if self.last_at != row["last_at"].replace(microsecond=0) or (
            self.count != row["count"]
        ):
            self.write(
                {
                    "count": row["count"],
                    "last_at": row["last_at"],
                    "transaction_ids": row["transactions"][:KEPT],
                }
            )

    @api.model
    def _owner(self, rule, row):
        """Who is told: never whom it is about."""
        candidates = rule.owner_id
        for name in ("group_reviewer", "group_auditor"):
            candidates |= self.env.ref(f"mfg_audit_trail.{name}").users.sorted("id")
        company = row["company_id"]
        return candidates.filtered(
            lambda user: (
                user.active
                and user.id != row["user_id"]
                and user != self.env.ref("base.user_root")
                and (not company or company in user.company_ids.ids)
            )
        )[:1]
