import re

from odoo import _, api, fields, models, tools
from odoo.exceptions import UserError, ValidationError
from odoo.tools import is_html_empty

from ..engine import latency, retention

CODE = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+")

PATTERNS = [
    ("master_data", "Master data"),
    ("transactional", "Transactional"),
    ("event", "Event"),
    ("batch", "Batch reconciliation"),
]
CLASSES = [
    ("real_time", "Real time"),
    ("near_real_time", "Near real time"),
    ("batch", "Batch"),
]
CRITICALITIES = [("low", "Low"), ("medium", "Medium"), ("high", "High")]

#: latency class → number in the hot table, the most urgent first
LATENCY_CLASSES = {
    "real_time": latency.REAL_TIME,
    "near_real_time": latency.NEAR_REAL_TIME,
    "batch": latency.BATCH,
}

#: latency class → proposed (95 % within seconds, latest after minutes, recovery minutes)
_PROPOSED_SLA = {
    "real_time": (5, 5, 60),
    "near_real_time": (60, 30, 240),
    "batch": (0, 1440, 1440),
}

#: rows of one kind and interface that one run of the retention deletes
FORGET_AT_ONCE = 20_000

#: what the change log of contracts follows
_CARD = (
    "name",
    "code",
    "direction",
    "pattern",
    "latency_class",
    "criticality",
    "company_id",
    "owner_id",
    "exception_owner_id",
    "escalation_user_id",
    "on_dead",
    "processing_mode",
    "max_age_hours",
    "park_minutes",
    "sla_p95_seconds",
    "sla_max_age_minutes",
    "sla_recovery_minutes",
    "system_of_record",
    "recovery_tolerance_hours",
    "fallback_procedure",
    "lifecycle",
    "sunset_date",
    "retention_days",
    "runbook",
    "active",
)


class MfgIntegrationInterface(models.Model):
    """The business contract of one conversation: what is said, how fast, who cares."""

    _name = "mfg.integration.interface"
    _description = "Integration Interface"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "code"
    _check_company_auto = True

    name = fields.Char(required=True, tracking=True, translate=True)
    code = fields.Char(
        required=True,
        tracking=True,
        help="Subject and fact, e.g. production.completed. Messages bear it as their type.",
    )
    direction = fields.Selection(
        [("outbound", "Outbound"), ("inbound", "Inbound")],
        required=True,
        default="outbound",
    )
    pattern = fields.Selection(
        PATTERNS,
        required=True,
        default="event",
        tracking=True,
    )
    latency_class = fields.Selection(
        CLASSES,
        required=True,
        default="near_real_time",
        tracking=True,
    )
    criticality = fields.Selection(
        CRITICALITIES,
        required=True,
        default="medium",
        tracking=True,
    )
    model_id = fields.Many2one(
        "ir.model",
        string="Document",
        ondelete="cascade",
        help="Kind of record the messages are about.",
    )
    company_id = fields.Many2one(
        "res.company",
        tracking=True,
        index=True,
        help="Empty: every company may use the interface.",
    )
    owner_id = fields.Many2one(
        "res.users", tracking=True, help="Answers for the contract."
    )
    exception_owner_id = fields.Many2one(
        "res.users",
        tracking=True,
        help="Looks after messages that could not be delivered.",
    )
    on_dead = fields.Selection(
        [
            ("continue", "Later messages go on"),
            ("block", "Later messages of the record wait"),
        ],
        string="After a Dead Letter",
        required=True,
        default="continue",
        tracking=True,
    )
    fallback_mode = fields.Selection(
        [
            ("wait", "Messages wait in order"),
            ("alternate", "The alternate endpoint takes over"),
            ("block", "Documents are refused"),
        ],
        string="When the Other Side Is Down",
        required=True,
        default="wait",
        tracking=True,
        help="What happens while an endpoint is paused or not reachable. Refused documents "
        "cannot be completed before the other side is back; the message names the interface "
        "and who answers for it.",
    )
    processing_mode = fields.Selection(
        [
            ("async", "Accept at once, process afterwards"),
            ("sync", "Process while the sender waits"),
        ],
        string="Processing",
        required=True,
        default="async",
        tracking=True,
        help="Inbound messages only. While the sender waits: for small commands whose "
        "sender needs the result; they are not put in order with others.",
    )
    max_age_hours = fields.Integer(
        string="Give up After (h)",
        required=True,
        default=72,
        help="A message that could not be delivered for so long becomes a dead letter.",
    )
    park_minutes = fields.Integer(
        string="Waits for Others (min)",
        required=True,
        default=60,
        tracking=True,
        help="Inbound messages only. One that came before another that it needs is set "
        "apart for so long; then its owner has to decide.",
    )
    sla_p95_seconds = fields.Float(
        string="Usually Within (s)",
        compute="_compute_sla",
        store=True,
        readonly=False,
        tracking=True,
        help="95 of 100 messages reach the other side within so many seconds. "
        "0: not agreed.",
    )
    sla_max_age_minutes = fields.Integer(
        string="At the Latest After (min)",
        compute="_compute_sla",
        store=True,
        readonly=False,
        tracking=True,
        help="No message waits longer. 0: not agreed.",
    )
    sla_recovery_minutes = fields.Integer(
        string="Recovered Within (min)",
        compute="_compute_sla",
        store=True,
        readonly=False,
        tracking=True,
        help="Time to bring the interface back, and to decide on a message that failed. "
        "Then the escalation contact is told. 0: nobody is told.",
    )
    escalation_user_id = fields.Many2one(
        "res.users",
        string="Escalation Contact",
        tracking=True,
        help="Is told when the service level is not recovered in time. Empty: whoever "
        "answers for the contract.",
    )
    system_of_record = fields.Char(
        string="System of Record",
        tracking=True,
        help="Which system is right when two disagree about these data.",
    )
    recovery_tolerance_hours = fields.Integer(
        string="Business Goes On For (h)",
        tracking=True,
        help="How long the business can do without these messages before it stops or "
        "becomes wrong.",
    )
    fallback_procedure = fields.Text(
        string="Meanwhile",
        help="How people go on while the other system does not answer.",
    )
    lifecycle = fields.Selection(
        [("strategic", "Strategic"), ("transition", "Transition, ends some day")],
        required=True,
        default="strategic",
        tracking=True,
    )
    sunset_date = fields.Date(
        string="Ends On", tracking=True, help="When the interface is to be replaced."
    )
    retention_days = fields.Integer(
        string="Kept For (days)",
        required=True,
        default=400,
        tracking=True,
        help="Finished messages, their attempts and content are deleted afterwards. What "
        "waits is kept. 0: kept for good.",
    )
    change_ids = fields.One2many("mfg.integration.contract.change", "interface_id")
    runbook = fields.Html(help="What to do when messages of this interface fail.")
    version_ids = fields.One2many("mfg.integration.interface.version", "interface_id")
    current_version_id = fields.Many2one(
        "mfg.integration.interface.version", compute="_compute_current_version_id"
    )
    subscription_ids = fields.One2many("mfg.integration.subscription", "interface_id")
    active = fields.Boolean(default=True)

    _sql_constraints = [
        ("code_uniq", "unique(code)", "Another interface already has this code."),
        (
            "max_age_positive",
            "CHECK(max_age_hours > 0)",
            "“Give up After” must be at least one hour.",
        ),
        (
            "park_not_negative",
            "CHECK(park_minutes >= 0)",
            "“Waits for Others” must not be negative; 0 means that nothing waits.",
        ),
        (
            "retention_not_negative",
            "CHECK(retention_days >= 0)",
            "“Kept For” must not be negative; 0 keeps messages for good.",
        ),
        (
            "sla_not_negative",
            "CHECK(sla_p95_seconds >= 0 AND sla_max_age_minutes >= 0 "
            "AND sla_recovery_minutes >= 0)",
            "The times of the service level must not be negative; 0 means not agreed.",
        ),
    ]

    @api.depends("latency_class")
    def _compute_sla(self):
        for interface in self:
            proposed = _PROPOSED_SLA.get(interface.latency_class, (0, 0, 0))
            (
                interface.sla_p95_seconds,
                interface.sla_max_age_minutes,
                interface.sla_recovery_minutes,
            ) = proposed

    @api.depends("version_ids.state", "version_ids.major", "version_ids.minor")
    def _compute_current_version_id(self):
        for interface in self:
            # A deprecated contract holds until there is another.
            usable = interface.version_ids.filtered(
                lambda each: each.state in ("approved", "deprecated")
            )
            interface.current_version_id = usable.sorted(
                lambda each: (each.state == "approved", each.major, each.minor),
                reverse=True,
            )[:1]

    @api.constrains("code")
    def _check_code(self):
        for interface in self:
            if not CODE.fullmatch(interface.code):
                raise ValidationError(
                    _(
                        "Code “%(code)s” of interface %(interface)s: use lower case words "
                        "joined by dots, subject first, e.g. production.completed.",
                        code=interface.code,
                        interface=interface.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        """Tell the workers."""
        interfaces = super().create(vals_list)
        self.env["mfg.integration.contract.change"]._note(interfaces, "created")
        self.env["mfg.integration.endpoint"]._settings_changed()
        return interfaces

    def write(self, vals):
        """Tell the workers, and the change log."""
        changes = self.env["mfg.integration.contract.change"]
        names = [name for name in _CARD if name in vals]
        before = changes._values_of(self, names)
        res = super().write(vals)
        changes._note_differences(self, before, "card")
        self.env["mfg.integration.endpoint"]._settings_changed()
        return res

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        self.env.cr.execute(
            "SELECT interface_id FROM mfg_integration_event WHERE interface_id = ANY(%s) LIMIT 1",
            [self.ids],
        )
        if row := self.env.cr.fetchone():
            raise UserError(
                _(
                    "Interface %(interface)s has messages. Archive it instead.",
                    interface=self.browse(row[0]).name,
                )
            )

    def _card_gaps(self):
        """Return the labels of what the contract card does not say."""
        self.ensure_one()
        needed = [
            "system_of_record",
            "owner_id",
            "criticality",
            "recovery_tolerance_hours",
            "sla_max_age_minutes",
            "sla_recovery_minutes",
            "fallback_procedure",
        ]
        if self.lifecycle == "transition":
            needed.append("sunset_date")
        gaps = [name for name in needed if not self[name]]
        if is_html_empty(self.runbook):
            gaps.append("runbook")
        return [self._fields[name]._description_string(self.env) for name in gaps]

    def action_open_changes(self):
        """Open the change log of this interface."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "mfg_integration_queue.mfg_integration_contract_change_action"
        )
        action["domain"] = [("interface_id", "=", self.id)]
        action["context"] = {}
        return action

    def action_open_deliveries(self):
        """Open the messages of this interface."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "mfg_integration_queue.mfg_integration_delivery_action"
        )
        action["domain"] = [("interface_id", "=", self.id)]
        action["context"] = {}
        return action

    @api.model
    def _cron_forget(self):
        """Delete what the contracts keep no longer, and come back soon if there is more."""
        self.env.flush_all()
        more = False
        for interface in self.with_context(active_test=False).search(
            [("retention_days", ">", 0)]
        ):
            more |= retention.forget(
                self.env.cr, interface.id, interface.retention_days, FORGET_AT_ONCE
            )
        self.env.invalidate_all()
        if more:
            self.env.ref("mfg_integration_queue.ir_cron_forget")._trigger()

    @api.model
    @tools.ormcache("code")
    def _route(self, code):
        """Return how to emit for an interface, or None if the code is unknown.

        Plain values, because they are cached across transactions:
        ``{"id", "version_id", "type", "aggregate", "class", "max_age_hours",
        "blocks", "due_minutes", "name", "company_id",
        "endpoints": {company id: [(endpoint id, partitions), …]}}``.
        """
        # sudo: whoever finishes a document emits, also without rights on interfaces. Kept
        # for everybody, so without what one caller's context asks for, such as archived
        # subscriptions.
        interface = (
            self.with_env(self.env(context={}))
            .sudo()
            .search([("code", "=", code), ("direction", "=", "outbound")], limit=1)
        )
        if not interface:
            return None
        version = interface.current_version_id
        endpoints = {}
        for subscription in interface.subscription_ids:
            endpoint = subscription.endpoint_id
            endpoints.setdefault(subscription.company_id.id, []).append(
                (endpoint.id, endpoint.partitions)
            )
        return {
            "id": interface.id,
            "version_id": version.id,
            "type": f"mfg.{code}.v{version.major}",
            "aggregate": code.partition(".")[0],
            "class": LATENCY_CLASSES[interface.latency_class],
            "max_age_hours": interface.max_age_hours,
            "blocks": interface.fallback_mode == "block",
            "due_minutes": interface.sla_max_age_minutes or None,
            "name": interface.name,
            "company_id": interface.company_id.id,
            "endpoints": endpoints,
        }

    @api.model
    def _has_subscribers(self, code, company):
        """Tell whether an event of ``company`` would go anywhere.

        For triggers that emit on their own: they stay quiet where nobody listens.
        """
        route = self._route(code)
        return bool(
            route and route["version_id"] and route["endpoints"].get(company.id)
        )
