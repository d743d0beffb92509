import logging
import secrets as random_secrets
from urllib.parse import urlsplit

from dateutil.relativedelta import relativedelta

from odoo import _, api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..engine import envelope
from ..engine.batch_hours import BatchHours
from ..engine.outbox import Outbox
from ..engine.ownership import MAX_PARTITIONS
from ..engine.settings import EndpointSettings, Secret, Settings
from ..engine.wakeup import SETTINGS, notify_after_commit

_logger = logging.getLogger(__name__)

SECRET_BYTES = 32
ROTATION_OVERLAP = relativedelta(days=7)


class MfgIntegrationEndpoint(models.Model):
    """An address of a system that deliveries go to, and how."""

    _name = "mfg.integration.endpoint"
    _description = "Integration Endpoint"
    _inherit = [
        "mfg.integration.availability",
        "mfg.integration.networked",
        "mail.thread",
        "mail.activity.mixin",
    ]
    _order = "name"
    _check_company_auto = True

    name = fields.Char(required=True, tracking=True)
    system_id = fields.Many2one(
        "mfg.integration.system", required=True, ondelete="restrict", index=True
    )
    company_id = fields.Many2one(
        related="system_id.company_id", store=True, precompute=True, index=True
    )
    transport = fields.Selection(
        [("https", "HTTPS"), ("file", "File in a folder")],
        required=True,
        default="https",
        tracking=True,
    )
    url = fields.Char(string="Address", tracking=True)
    folder = fields.Char(
        tracking=True,
        help="Where files are written: a path below the folder of the system, e.g. out. "
        "All folders lie in the directory that the server's odoo.conf names.",
    )
    allow_http = fields.Boolean(
        string="Allow Plain HTTP",
        tracking=True,
        help="Only for systems inside the plant that cannot speak HTTPS. Their address "
        "must be among the allowed networks.",
    )
    allowed_networks = fields.Text(
        help="Private networks this address may resolve to, one a line, e.g. 10.20.0.0/16. "
        "Public addresses need no entry; anything internal does.",
    )
    timeout_connect = fields.Float(
        string="Connect Timeout (s)", default=3, required=True
    )
    timeout_read = fields.Float(string="Answer Timeout (s)", default=15, required=True)
    concurrency = fields.Integer(
        string="Parallel Requests",
        default=8,
        required=True,
        tracking=True,
        help="Messages about different records are sent in parallel, those about the same "
        "record always one after the other.",
    )
    partitions = fields.Integer(
        default=8,
        required=True,
        help="Into how many parts the traffic can be shared among worker processes.",
    )
    retry_policy_id = fields.Many2one(
        "mfg.integration.retry.policy",
        required=True,
        default=lambda self: self._default_retry_policy_id(),
    )
    batch_size = fields.Integer(
        string="Messages per Request",
        default=1,
        required=True,
        tracking=True,
        help="More than one: messages of different records travel together, as a JSON "
        "array of CloudEvents (application/cloudevents-batch+json).",
    )
    batch_answer = fields.Selection(
        [
            ("all", "All or none are accepted"),
            ("each", "The answer tells of each message"),
        ],
        default="all",
        required=True,
        tracking=True,
        help="All or none: a refused request is sent again in halves until the message at "
        "fault is alone. Each: the receiver answers 200 with a JSON object "
        '{"results": [{"id": …, "status": …, "error": …}]}.',
    )
    rate_limit = fields.Float(
        string="Messages per Second",
        tracking=True,
        help="No more than so many are sent, by all workers together. 0: any number.",
    )
    alternate_id = fields.Many2one(
        "mfg.integration.endpoint",
        string="Alternate Endpoint",
        tracking=True,
        check_company=True,
        ondelete="restrict",
        domain="[('id', '!=', id)]",
        help="Takes the messages of interfaces whose fallback is the alternate endpoint, "
        "for as long as this one is paused or not reachable.",
    )
    batch_window_ids = fields.One2many(
        "mfg.integration.batch.window",
        "endpoint_id",
        string="Batch Windows",
        help="Messages of the class “Batch” are sent at these times only. Without a line: "
        "at any time.",
    )
    batch_zone = fields.Char(
        string="Time Zone",
        compute="_compute_batch_zone",
        help="That of the company's address.",
    )
    secret_ids = fields.One2many("mfg.integration.secret", "endpoint_id")
    subscription_ids = fields.One2many("mfg.integration.subscription", "endpoint_id")
    active = fields.Boolean(default=True)
    backlog = fields.Integer(
        compute="_compute_backlog", help="Messages that are not delivered yet."
    )

    _sql_constraints = [
        (
            "partitions_range",
            f"CHECK(partitions BETWEEN 1 AND {MAX_PARTITIONS})",
            f"Partitions must be between 1 and {MAX_PARTITIONS}.",
        ),
        (
            "concurrency_range",
            "CHECK(concurrency BETWEEN 1 AND 64)",
            "Parallel requests must be between 1 and 64.",
        ),
        (
            "batch_size_range",
            "CHECK(batch_size BETWEEN 1 AND 500)",
            "Messages per request must be between 1 and 500.",
        ),
        (
            "rate_limit_positive",
            "CHECK(rate_limit IS NULL OR rate_limit >= 0)",
            "Messages per second must not be negative; 0 means any number.",
        ),
        (
            "timeouts_range",
            "CHECK(timeout_connect > 0 AND timeout_connect <= 60 "
            "AND timeout_read > 0 AND timeout_read <= 300)",
            "Timeouts must be positive: at most 60 seconds to connect and 300 to answer.",
        ),
    ]

    @api.model
    def _default_retry_policy_id(self):
        return self.env.ref(
            "mfg_integration_queue.mfg_integration_retry_policy_default",
            raise_if_not_found=False,
        )

    @api.depends("company_id.partner_id.tz")
    def _compute_batch_zone(self):
        for endpoint in self:
            # sudo: the time zone of a plant is no secret to those who see its endpoints
            endpoint.batch_zone = endpoint.sudo().company_id.partner_id.tz or "UTC"

    def _compute_backlog(self):
        self.env.cr.execute(
            """
            SELECT endpoint_id, count(*) FROM mfg_integration_delivery
             WHERE endpoint_id = ANY(%s) GROUP BY endpoint_id
            """,
            [self.ids],
        )
        backlog = dict(self.env.cr.fetchall())
        for endpoint in self:
            endpoint.backlog = backlog.get(endpoint.id, 0)

    @api.constrains("url", "allow_http", "allowed_networks", "transport")
    def _check_url(self):
        for endpoint in self.filtered(lambda each: each.transport == "https"):
            url = _split_url(endpoint.url)
            if not url:
                raise ValidationError(
                    _(
                        "Address “%(url)s” of endpoint “%(endpoint)s”: enter a complete "
                        "https:// address without user name or password.",
                        url=endpoint.url,
                        endpoint=endpoint.name,
                    )
                )
            if url.scheme == "http" and not endpoint.allow_http:
                raise ValidationError(
                    _(
                        "Address “%(url)s” of endpoint “%(endpoint)s” is not encrypted. Use "
                        "https://, or tick “Allow Plain HTTP” if the system is inside the "
                        "plant and cannot.",
                        url=endpoint.url,
                        endpoint=endpoint.name,
                    )
                )
            if endpoint.allow_http and not endpoint._networks():
                raise ValidationError(
                    _(
                        "Endpoint “%(endpoint)s” allows plain HTTP: enter in “Allowed "
                        "Networks” which it may reach, e.g. 10.20.0.0/16.",
                        endpoint=endpoint.name,
                    )
                )

    @api.constrains("folder", "transport", "system_id")
    def _check_folder(self):
        for endpoint in self.filtered(lambda each: each.transport == "file"):
            self.env["mfg.integration.folder"]._check_path(
                endpoint.system_id, endpoint.folder, endpoint.name
            )

    @api.constrains("alternate_id")
    def _check_alternate(self):
        for endpoint in self:
            if endpoint.alternate_id == endpoint:
                raise ValidationError(
                    _(
                        "Endpoint %(endpoint)s cannot be its own alternate: choose "
                        "another one.",
                        endpoint=endpoint.name,
                    )
                )

    @api.constrains("active")
    def _check_active(self):
        used = self.filtered(lambda each: not each.active and each.subscription_ids)
        if used:
            raise ValidationError(
                _(
                    "Endpoint %(endpoint)s still receives %(interfaces)s. Archive those "
                    "subscriptions first, or pause the endpoint: paused messages wait.",
                    endpoint=used[0].name,
                    interfaces=", ".join(
                        used[0].subscription_ids.interface_id.mapped("name")
                    ),
                )
            )

    @api.constrains("partitions")
    def _check_partitions_drained(self):
        # Another number of partitions sends a lane to another owner while its earlier
        # messages are under way with the first.
        busy = self.filtered("backlog")
        if busy:
            raise ValidationError(
                _(
                    "Endpoint %(endpoint)s has %(count)s messages on their way. Change the "
                    "partitions when there are none.",
                    endpoint=busy[0].name,
                    count=busy[0].backlog,
                )
            )

    @api.model_create_multi
    def create(self, vals_list):
        """Give every new endpoint a signing secret and tell the workers."""
        endpoints = super().create(vals_list)
        for endpoint in endpoints.filtered(lambda each: not each.secret_ids):
            endpoint._set_signing_secret(self._new_secret())
        self._settings_changed()
        return endpoints

    def write(self, vals):
        """Tell the workers."""
        res = super().write(vals)
        self._settings_changed()
        return res

    @api.ondelete(at_uninstall=False)
    def _unlink_except_busy(self):
        for endpoint in self:
            if endpoint.backlog:
                raise UserError(
                    _(
                        "Endpoint %(endpoint)s has %(count)s undelivered messages. Deliver "
                        "or cancel them first.",
                        endpoint=endpoint.name,
                        count=endpoint.backlog,
                    )
                )

    def unlink(self):
        """Tell the workers."""
        res = super().unlink()
        self._settings_changed()
        return res

    def action_rotate_secret(self):
        """Create a new signing secret and show it once.

        The former one keeps signing beside it for seven days.
        """
        self.ensure_one()
        self.check_access_rights("write")
        self.check_access_rule("write")
        secret = self._set_signing_secret(self._new_secret())
        self.message_post(body=_("Signing secret rotated."))
        # sudo: nobody may open this dialog for a secret of his choice, only after a
        # rotation of his own
        wizard = (
            self.env["mfg.integration.secret.reveal"]
            .sudo()
            .create({"secret_id": secret.id})
        )
        return {
            "type": "ir.actions.act_window",
            "name": _("New Signing Secret"),
            "res_model": wizard._name,
            "res_id": wizard.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_open_deliveries(self):
        """Open the messages of this endpoint."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "mfg_integration_queue.mfg_integration_delivery_action"
        )
        action["domain"] = [("endpoint_id", "=", self.id)]
        action["context"] = {}
        return action

    @api.model
    def _new_secret(self):
        return envelope.encode_secret(random_secrets.token_bytes(SECRET_BYTES))

    def _set_signing_secret(self, text):
        """Make ``text`` (``whsec_…``) the signing secret of these endpoints and return
        the new secrets; the former ones go on signing for seven days.

        :raises ValidationError: not base64, or not 24 to 64 bytes long
        """
        now = fields.Datetime.now()
        # sudo: integrators may rotate a secret but never write one themselves
        Secret_ = self.env["mfg.integration.secret"].sudo()
        current = Secret_.search(
            [("endpoint_id", "in", self.ids), ("valid_to", "=", False)]
        )
        current.write({"valid_to": now + ROTATION_OVERLAP})
        return Secret_.create(
            [
                {"endpoint_id": endpoint.id, "token": Secret_._encrypt(text)}
                for endpoint in self
            ]
        )

    @api.model
    def _settings_changed(self):
        self.env.registry.clear_cache()
        Outbox.forget_routes(self.env.cr)
        notify_after_commit(self.env.cr, SETTINGS)

    @api.model
    def _dispatch_settings(self):
        """Return the :class:`Settings` of everything that may be delivered now."""
        if not self.env["mfg.integration.activation"]._is_active():
            return Settings({}, frozenset())
        self.env.cr.execute(
            "SELECT endpoint_id FROM mfg_integration_endpoint_state "
            "WHERE paused_at IS NOT NULL"
        )
        paused = {endpoint_id for (endpoint_id,) in self.env.cr.fetchall()}
        alias = (
            self.env["ir.config_parameter"].get_param(
                "mfg_integration_queue.database_alias"
            )
            or self.env.cr.dbname
        )
        self.env.cr.execute("SELECT id FROM res_company")
        sources = {id_: f"/{alias}/{id_}" for (id_,) in self.env.cr.fetchall()}
        endpoints = {}
        # A paused endpoint has no part in anything but its alternate taking over.
        served = ["|", ("id", "not in", list(paused)), ("alternate_id", "!=", False)]
        for endpoint in self.search(served):
            try:
                endpoints[endpoint.id] = endpoint._settings(
                    sources, paused=endpoint.id in paused
                )
            except UserError as error:
                # One endpoint without its key must not stop the others.
                _logger.info("Endpoint %s is not served: %s", endpoint.name, error)
        interfaces = self.env["mfg.integration.interface"]
        blocking = interfaces.search([("on_dead", "=", "block")])
        alternating = interfaces.search([("fallback_mode", "=", "alternate")])
        versions = self.env["mfg.integration.interface.version"]
        confidential = versions.search([("masked_paths", "!=", False)])
        return Settings(
            endpoints,
            frozenset(blocking.ids),
            frozenset(alternating.ids),
            self._mappings(list(endpoints)),
            {version.id: versions._masks(version.id) for version in confidential},
            self._session_settings(),
        )

    @api.model
    def _session_settings(self):
        """Return settings of PostgreSQL for the connection of a dispatcher.

        A hook for modules that look at who writes; it is asked at every reload.

        :return: {name of the setting: text}
        """
        return {}

    @api.model
    def _mappings(self, endpoint_ids):
        """Return (version id, endpoint id) → mapping plan, of what may be under way.

        A message keeps to the version it was emitted under, so every version of what an
        endpoint is subscribed to counts.
        """
        versions = self.env["mfg.integration.interface.version"]
        mapped = versions.search(
            [
                ("interface_id.direction", "=", "outbound"),
                "|",
                "|",
                ("mapping_select", "!=", False),
                ("mapping_shape", "!=", False),
                ("mapping_line_ids", "!=", False),
            ]
        )
        if not mapped:
            return {}
        subscriptions = (
            self.env["mfg.integration.subscription"]
            .with_context(active_test=False)
            .search(
                [
                    ("interface_id", "in", mapped.interface_id.ids),
                    ("endpoint_id", "in", endpoint_ids),
                ]
            )
        )
        plans = {}
        for subscription in subscriptions:
            endpoint = subscription.endpoint_id
            for version in mapped:
                if version.interface_id == subscription.interface_id:
                    key = version.id, endpoint.id
                    plans[key] = version._plan(endpoint.system_id)
        return plans

    def _settings(self, sources, paused=False):
        live = self.secret_ids.filtered(lambda each: each.state != "expired")
        secrets, failure = [], None
        for secret in live.sorted("id", reverse=True):
            try:
                secrets.append(Secret(secret.id, secret._raw()))
            except UserError as error:
                # Of a key file that was lost: a newer secret is enough to go on.
                failure = error
        if failure and not secrets:
            raise failure
        return EndpointSettings(
            id=self.id,
            plant=self.system_id.code,
            url=self.url or "",
            transport=self.transport,
            folder=self.folder or "",
            networks=self._networks(),
            timeout_connect=self.timeout_connect,
            timeout_read=self.timeout_read,
            concurrency=self.concurrency,
            partitions=self.partitions,
            schedule=self.retry_policy_id._schedule(),
            secrets=tuple(secrets),
            sources=sources,
            breaker_failures=self.breaker_failures,
            breaker_pause=self.breaker_pause,
            breaker_longest=self.breaker_longest,
            batch_size=self.batch_size if self.transport == "https" else 1,
            answers_each=self.batch_answer == "each",
            rate_limit=self.rate_limit,
            alternate_id=self.alternate_id.id or None,
            paused=paused,
            batch_hours=BatchHours(self.batch_window_ids._minutes(), self.batch_zone),
        )


def _split_url(text):
    """Return the parts of a complete http(s) address without credentials, else None."""
    try:
        url = urlsplit(text or "")
        valid = (
            url.scheme in ("https", "http")
            and url.hostname
            and url.port != 0
            and not url.username
            and not url.password
        )
    except ValueError:
        return None
    return url if valid else None
