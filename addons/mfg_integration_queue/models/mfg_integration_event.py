import datetime
import hashlib
import json
import logging
import re
import uuid
from contextlib import closing

import psycopg2
from dateutil.relativedelta import relativedelta

from odoo import _, api, fields, models, tools
from odoo.exceptions import UserError
from odoo.http import request
from odoo.sql_db import connection_info_for
from odoo.tools import format_datetime

from ..engine import partitions, trace
from ..engine.lanes import partition_of
from ..engine.outbox import Outbox

_logger = logging.getLogger(__name__)

#: bytes of payload; larger documents belong into a file of their own
MAX_PAYLOAD = 1024 * 1024
MAX_LANE = 200
#: an escaped NUL, which jsonb cannot hold (and not an escaped backslash before u0000)
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


class MfgIntegrationEvent(models.Model):
    """What happened: appended in the business transaction, never changed."""

    _name = "mfg.integration.event"
    _description = "Integration Event"
    _inherit = ["mfg.integration.documented", "mfg.integration.traced"]
    _auto = False
    _order = "id desc"
    _rec_name = "subject"

    uuid = fields.Char(string="Message Id", readonly=True)
    type = fields.Char(readonly=True)
    aggregatetype = fields.Char(string="Aggregate", readonly=True)
    aggregateid = fields.Char(string="Aggregate Id", readonly=True)
    subject = fields.Char(string="Document", readonly=True)
    payload = fields.Text(compute="_compute_payload")
    payload_sha256 = fields.Char(string="Payload Hash", readonly=True)
    interface_id = fields.Many2one("mfg.integration.interface", readonly=True)
    interface_version_id = fields.Many2one(
        "mfg.integration.interface.version", string="Contract", readonly=True
    )
    company_id = fields.Many2one("res.company", readonly=True)
    user_id = fields.Many2one("res.users", readonly=True)
    res_model = fields.Char(string="Model", readonly=True)
    res_id = fields.Many2oneReference(
        string="Record Id", model_field="res_model", readonly=True
    )
    occurred_at = fields.Datetime(string="Occurred", readonly=True)
    created_at = fields.Datetime(string="Recorded", readonly=True)
    delivery_ids = fields.One2many(
        "mfg.integration.delivery", "event_id", string="Deliveries", readonly=True
    )

    @property
    def _table_query(self):
        # Partitioned, hence never the table of a model: Odoo would report it missing.
        return """
            SELECT id, uuid::text AS uuid, type, aggregatetype, aggregateid, subject,
                   payload_sha256, interface_id,
                   interface_version_id, company_id, user_id, res_model, res_id,
                   traceparent, occurred_at, created_at
              FROM mfg_integration_event
        """

    def init(self):
        """Create the runtime tables and their partitions."""
        with tools.file_open("mfg_integration_queue/sql/runtime.sql") as file:
            self.env.cr.execute(file.read())
        partitions.ensure(self.env.cr, fields.Date.today())
        self._create_trace_index()

    @api.depends("uuid")
    @api.depends_context("uid")
    def _compute_payload(self):
        self.check_access_rule("read")
        self.env.cr.execute(
            "SELECT id, jsonb_pretty(payload), interface_version_id "
            "FROM mfg_integration_event WHERE id = ANY(%s)",
            [self.ids],
        )
        versions = self.env["mfg.integration.interface.version"]
        payloads = {
            event_id: versions._shown(payload, version_id)
            for event_id, payload, version_id in self.env.cr.fetchall()
        }
        for event in self:
            event.payload = payloads.get(event.id)

    @api.model
    def emit(self, interface_code, record, payload=None, key=None, occurred_at=None):
        """Append an event to the caller's transaction: it exists if that commits.

        Nothing is sent from here. The event is buffered and written with the next flush
        of the cursor; savepoints and rollbacks take it back like any other write. Callers
        decide on rights: whoever may finish the document emits its event, so this method
        takes records only and cannot be called over RPC.

        :param str interface_code: code of an outbound interface
        :param record: the one record the event is about
        :param dict payload: what to send; dates and times become ISO 8601 in UTC. None:
            the record's ``_mfg_integration_payload(interface_code)`` tells
        :param str key: messages with the same key stay in order; default: the record
        :param datetime occurred_at: UTC; default: the database's clock
        :raises UserError: unknown interface, no approved contract, a company the
            interface does not serve, nobody subscribed, a payload that is not JSON, an
            interface whose fallback refuses documents while its receiver is down
        """
        if not isinstance(record, models.BaseModel):
            raise UserError(_("emit() takes a record; it is not available over RPC."))
        record.ensure_one()
        if not isinstance(record.id, int):
            raise UserError(
                _(
                    "Save %(record)s before an event is emitted.",
                    record=record.display_name,
                )
            )
        outbox = Outbox.of(self.env)
        if interface_code not in outbox.routes:
            outbox.routes[interface_code] = self.env[
                "mfg.integration.interface"
            ]._route(interface_code)
        route = outbox.routes[interface_code]
        company = self._company_of(record)
        endpoints = self._check_route(route, interface_code, record, company)
        if route["blocks"]:
            self._check_reachable(route, endpoints, record)
        if payload is None:
            payload = self._payload_of(record, interface_code)
        text = self._serialise(payload, interface_code, record)
        lane = self._lane(record, key)
        message_id = uuid.uuid4()
        outbox.append(
            {
                "uuid": str(message_id),
                "aggregatetype": route["aggregate"],
                "aggregateid": str(record.id),
                "type": route["type"],
                "subject": self._subject(record),
                "payload": text,
                "payload_sha256": hashlib.sha256(text.encode()).hexdigest(),
                "keys": None,
                "interface_id": route["id"],
                "interface_version_id": route["version_id"],
                "company_id": company.id,
                "user_id": self.env.uid,
                "res_model": record._name,
                "res_id": record.id,
                "res_table": None
                if record._abstract or not record._auto
                else record._table,
                "traceparent": self._traceparent(message_id),
                "occurred_at": occurred_at,
            },
            [
                (
                    endpoint_id,
                    partition_of(lane, count),
                    lane,
                    route["class"],
                    route["max_age_hours"],
                    route["due_minutes"],
                )
                for endpoint_id, count in endpoints
            ],
        )

    @api.model
    def _company_of(self, record):
        # sudo: the company of a document is no secret to its own transaction
        company = record.sudo().company_id if "company_id" in record else None
        return company or self.env.company

    @api.model
    def _check_route(self, route, code, record, company):
        if route is None:
            raise UserError(
                _(
                    "There is no outbound interface “%(code)s”. Create it under "
                    "Integration ▸ Configuration ▸ Interfaces, or correct the code.",
                    code=code,
                )
            )
        if not route["version_id"]:
            raise UserError(
                _(
                    "Interface %(interface)s (%(code)s) has no approved contract. Have a "
                    "version approved before documents use it.",
                    interface=route["name"],
                    code=code,
                )
            )
        if route["company_id"] and route["company_id"] != company.id:
            raise UserError(
                _(
                    "%(record)s belongs to %(company)s, which interface %(interface)s "
                    "(%(code)s) does not serve.",
                    record=record.display_name,
                    company=company.name,
                    interface=route["name"],
                    code=code,
                )
            )
        endpoints = route["endpoints"].get(company.id)
        if not endpoints:
            raise UserError(
                _(
                    "Interface %(interface)s (%(code)s) has no endpoint for %(company)s. "
                    "Add a subscription for the company, or archive the interface.",
                    interface=route["name"],
                    code=code,
                    company=company.name,
                )
            )
        return endpoints

    @api.model
    def _check_reachable(self, route, endpoints, record):
        """Refuse the document if its interface wants that and the other side is down.

        An endpoint that is down lets one document through when nothing waits for it: its
        message is the probe that finds out that the endpoint is back.
        """
        self.env.cr.execute(
            """
            SELECT s.endpoint_id, s.paused_at IS NOT NULL,
                   COALESCE(s.paused_at, s.breaker_since)
              FROM mfg_integration_endpoint_state s
             WHERE s.endpoint_id = ANY(%s)
               AND (s.paused_at IS NOT NULL
                    OR s.breaker <> 'closed'
                       AND EXISTS (SELECT 1 FROM mfg_integration_delivery d
                                    WHERE d.endpoint_id = s.endpoint_id))
             LIMIT 1
            """,
            [[endpoint_id for endpoint_id, _partitions in endpoints]],
        )
        down = self.env.cr.fetchone()
        if not down:
            return
        endpoint_id, paused, since = down
        # sudo: whoever finishes the document is told whom to ask
        endpoint = self.env["mfg.integration.endpoint"].sudo().browse(endpoint_id)
        interface = self.env["mfg.integration.interface"].sudo().browse(route["id"])
        owner = interface.exception_owner_id or interface.owner_id
        raise UserError(
            _(
                "%(document)s cannot be completed now: interface %(interface)s requires "
                "%(system)s, which is %(state)s since %(since)s. %(owner)s",
                document=record.display_name,
                interface=interface.name,
                system=endpoint.system_id.name,
                state=_("paused") if paused else _("not reachable"),
                since=format_datetime(self.env, since),
                owner=_("Ask %(owner)s, who looks after it.", owner=owner.name)
                if owner
                else _("Nobody is named as its owner: ask an administrator."),
            )
        )

    @api.model
    def _payload_of(self, record, code):
        builder = getattr(record, "_mfg_integration_payload", None)
        if builder is None:
            raise UserError(
                _(
                    "Nothing says what to send about %(record)s over “%(code)s”: pass a "
                    "payload, or define _mfg_integration_payload() on %(model)s.",
                    record=record.display_name,
                    code=code,
                    model=record._name,
                )
            )
        return builder(code)

    @api.model
    def _serialise(self, payload, code, record):
        try:
            if not isinstance(payload, dict):
                raise TypeError(_("a dict is needed, for a JSON object"))
            text = _ENCODER.encode(payload)
            size = len(text.encode())
            if "\\u0000" in text and _NUL.search(text):
                raise ValueError(_("it contains a NUL character"))
            if size > MAX_PAYLOAD:
                raise ValueError(
                    _(
                        "it has %(size)s bytes, at most %(most)s are allowed",
                        size=size,
                        most=MAX_PAYLOAD,
                    )
                )
        except (TypeError, ValueError, RecursionError) as error:
            raise UserError(
                _(
                    "The payload for interface “%(code)s” about %(record)s cannot be sent: "
                    "%(cause)s.",
                    code=code,
                    record=record.display_name,
                    cause=error,
                )
            ) from error
        return text

    @api.model
    def _lane(self, record, key):
        lane = key or f"{record._name},{record.id}"
        if len(lane) > MAX_LANE:
            raise UserError(
                _(
                    "The ordering key “%(key)s…” is longer than %(most)s characters.",
                    key=lane[:40],
                    most=MAX_LANE,
                )
            )
        return lane

    @api.model
    def _subject(self, record):
        name = record._rec_name
        if name and record._fields[name].type == "char":
            return record[name] or None
        return None

    @api.model
    def _traceparent(self, message_id):
        """Continue the trace of the inbound message at work or of the request, or begin
        one."""
        given = trace.bound(self.env.cr)
        if not given and request:
            given = trace.valid(request.httprequest.headers.get("traceparent"))
        return trace.follow(given, message_id) if given else trace.begin(message_id)

    @api.model
    def _cron_drop_old_partitions(self):
        """Drop the months of history that no contract keeps any more.

        Outbound: what an unfinished message or an open dead letter still needs stays.
        Inbound: months in which nothing is left, see
        :meth:`MfgIntegrationInterface._cron_forget`. Partitions that are in use all the
        time are left for the next day.
        """
        contracts = self.env["mfg.integration.interface"].with_context(
            active_test=False
        )
        kept = contracts.search([]).mapped("retention_days")  # pylint: disable=no-search-all
        today = fields.Date.today()
        _name, info = connection_info_for(self.env.cr.dbname)
        # A connection of its own: each DROP is a transaction that gives way at once. What
        # is needed is asked there, too: this one would keep the events it looked at in use
        # until the action ends, and every DROP would wait for the action itself.
        with closing(psycopg2.connect(**info)) as connection:
            connection.autocommit = True
            with connection.cursor() as cr:
                outcomes = [
                    partitions.drop_empty_before(
                        cr, "mfg_integration_inbox", today.replace(day=1)
                    )
                ]
                if kept and 0 not in kept:  # else something is kept for good
                    limit = today - relativedelta(days=max(kept), day=1)
                    month = min(limit, self._oldest_needed(cr) or limit)
                    outcomes += [
                        partitions.drop_before(cr, table, month)
                        for table in (
                            "mfg_integration_attempt",
                            "mfg_integration_delivery_log",
                            "mfg_integration_event",
                        )
                    ]
        for dropped, busy in outcomes:
            if dropped or busy:
                _logger.info("Dropped %s; still in use: %s", dropped, busy)

    @api.model
    def _oldest_needed(self, cr):
        """Return the month of the oldest event that waits, or whose dead letter is open."""
        cr.execute(
            """
            SELECT LEAST((SELECT MIN(event_at) FROM mfg_integration_delivery),
                         (SELECT MIN(e.created_at)
                            FROM mfg_integration_dead d
                            JOIN mfg_integration_event e ON e.id = d.event_ref
                           WHERE d.state = 'open'))
            """
        )
        moment = cr.fetchone()[0]
        return moment and moment.date().replace(day=1)

    @api.model
    def _cron_maintain_partitions(self):
        """Prepare the partitions of the coming months."""
        partitions.ensure(self.env.cr, fields.Date.today())


def _json_default(value):
    if isinstance(value, datetime.datetime):
        if value.tzinfo:
            value = value.astimezone(datetime.timezone.utc).replace(tzinfo=None)
        return value.isoformat() + "Z"
    if isinstance(value, datetime.date):
        return value.isoformat()
    raise TypeError(
        _(
            "a value of type %(type)s is not JSON: %(value)r",
            type=type(value).__name__,
            value=value,
        )
    )


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=_json_default)
