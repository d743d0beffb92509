import contextlib
import json
import logging
import random
import time
import uuid
from hashlib import sha256

import psycopg2

from odoo import SUPERUSER_ID, _, api, fields, models, tools
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_ERRORS_TO_RETRY
from odoo.tools.date_utils import json_default

from ..engine import contract, inbound_request, mapping, masking, partitions, trace
from ..engine import inbound_store as store
from ..engine.inbound import InboundProcessor
from ..engine.inbound_message import InboundMessage
from ..engine.inbound_wakeup import notify_after_commit
from ..engine.not_yet import NotYet
from ..engine.problem import Problem
from ..engine.wakeup import workers_alive
from .mfg_integration_interface import LATENCY_CLASSES

_logger = logging.getLogger(__name__)

#: tries of a synchronous message that collides with other transactions
TRIES = 5
#: characters of an error that are kept
MAX_ERROR = 2000
#: seconds between two looks at a message that came too early, the longest pause
PARKED_PAUSE = 60

# A message may wait longer than an integer counts milliseconds: 24 days.
_COMMON = """
    i.id, i.uuid::text AS uuid, i.type, i.system_id, i.interface_id,
    i.interface_version_id, i.company_id, i.credential_id, i.key, i.lane,
    jsonb_pretty(i.headers) AS headers, i.remote_addr, i.traceparent,
    jsonb_pretty(i.result) AS result,
    COALESCE(i.links->0->>'name', i.key, i.uuid::text) AS subject,
    i.links->0->>'model' AS res_model, (i.links->0->>'id')::integer AS res_id,
    i.exception_id, i.created_at
"""
# Both branches give the same columns with the same types, so PostgreSQL pushes filters
# and the order by id down into the hot table and the partitions.
_QUERY = f"""
    SELECT {_COMMON}, t.attempts, t.next_at, t.error_code, t.error,
           NULL::timestamp AS finished_at, NULL::integer AS latency_ms,
           CASE WHEN t.starts > 0 THEN 'processing'
                WHEN t.waits_for IS NOT NULL THEN 'parked'
                WHEN t.attempts > 0 THEN 'retry'
                ELSE 'received'
           END::varchar AS state
      FROM mfg_integration_inbox_todo t
      JOIN mfg_integration_inbox i ON i.id = t.inbox_id AND i.created_at = t.inbox_at
     WHERE t.exception_id IS NULL
 UNION ALL
    SELECT {_COMMON}, i.attempts, NULL::timestamp, i.error_code, i.error,
           i.finished_at,
           LEAST(EXTRACT(epoch FROM i.finished_at - i.created_at) * 1000,
                 2147483647)::integer,
           i.state
      FROM mfg_integration_inbox i
     WHERE i.state <> 'received'
"""


class MfgIntegrationInbox(models.Model):
    """A message that another system sent us, and what became of it."""

    _name = "mfg.integration.inbox"
    _description = "Inbound Message"
    _inherit = ["mfg.integration.documented", "mfg.integration.traced"]
    _auto = False
    _order = "id desc"
    _rec_name = "subject"

    uuid = fields.Char(string="Message Id", readonly=True)
    subject = fields.Char(string="Message", readonly=True)
    type = fields.Char(readonly=True)
    system_id = fields.Many2one("mfg.integration.system", string="From", readonly=True)
    interface_id = fields.Many2one("mfg.integration.interface", readonly=True)
    interface_version_id = fields.Many2one(
        "mfg.integration.interface.version", string="Contract", readonly=True
    )
    company_id = fields.Many2one("res.company", readonly=True)
    credential_id = fields.Many2one(
        "mfg.integration.credential", string="API Key", readonly=True
    )
    key = fields.Char(
        string="Idempotency Key",
        readonly=True,
        help="A second message with this key is answered, but not processed again.",
    )
    lane = fields.Char(
        string="Order Key",
        readonly=True,
        help="Messages with the same key are processed one after the other.",
    )
    headers = fields.Text(readonly=True)
    remote_addr = fields.Char(string="From Address", readonly=True)
    body = fields.Text(string="Content", compute="_compute_body")
    correction = fields.Text(
        compute="_compute_body", help="What a person put in the place of the content."
    )
    state = fields.Selection(
        [
            ("received", "Waiting"),
            ("processing", "In work"),
            ("parked", "Came too early"),
            ("retry", "Trying again"),
            ("processed", "Processed"),
            ("rejected", "Rejected"),
            ("dead", "Needs a decision"),
            ("cancelled", "Given up"),
        ],
        readonly=True,
    )
    attempts = fields.Integer(readonly=True)
    next_at = fields.Datetime(string="Next Attempt", readonly=True)
    result = fields.Text(readonly=True)
    res_model = fields.Char(string="Model", readonly=True)
    res_id = fields.Many2oneReference(
        string="Record Id", model_field="res_model", readonly=True
    )
    error_code = fields.Char(readonly=True)
    error = fields.Text(string="Cause", readonly=True)
    error_id = fields.Many2one(
        "mfg.integration.error.code",
        string="What Happened",
        compute="_compute_error_id",
    )
    suggestion = fields.Text(string="What to Do", compute="_compute_error_id")
    exception_id = fields.Many2one("mfg.integration.inbox.exception", readonly=True)
    created_at = fields.Datetime(string="Received", readonly=True)
    finished_at = fields.Datetime(string="Finished", readonly=True)
    latency_ms = fields.Integer(
        string="Duration (ms)",
        readonly=True,
        group_operator="avg",
        help="From its receipt to its result.",
    )

    @property
    def _table_query(self):
        # Partitioned, hence never the table of a model: Odoo would report it missing.
        return _QUERY

    def init(self):
        """Create the runtime tables and their partitions."""
        with tools.file_open("mfg_integration_queue/sql/inbound.sql") as file:
            self.env.cr.execute(file.read())
        partitions.ensure(self.env.cr, fields.Date.today())
        self._create_trace_index()

    @api.depends("uuid")
    @api.depends_context("uid")
    def _compute_body(self):
        self.check_access_rule("read")
        self.env.cr.execute(
            "SELECT id, body, correction, interface_version_id "
            "FROM mfg_integration_inbox WHERE id = ANY(%s)",
            [self.ids],
        )
        rows = {row[0]: row[1:] for row in self.env.cr.fetchall()}
        versions = self.env["mfg.integration.interface.version"]
        for message in self:
            body, correction, version_id = rows.get(message.id, (b"", None, None))
            text = bytes(body).decode(errors="replace").replace("\x00", "\ufffd")
            hidden = versions._hidden_paths(version_id)
            message.body = (
                message._masked_body(text, hidden) if hidden and text else text
            )
            message.correction = versions._shown(correction, version_id)

    def _masked_body(self, text, hidden):
        """Hide confidential fields, which a CloudEvents body has under ``data``."""
        within = tuple(("data", *path) for path in hidden)
        return masking.masked_text(text, (*hidden, *within))

    @api.depends("error_code")
    def _compute_error_id(self):
        errors = self.env["mfg.integration.error.code"]
        for message in self:
            message.error_id = errors._for_code(message.error_code)
            message.suggestion = message.error_id.suggestion

    @api.model
    def _linked_to(self, records):
        """Return the messages that ``records`` came out of, the newest first."""
        ids = {inbox_id for inbox_id, _record_id in self._links_to(records)}
        return self.search([("id", "in", list(ids))])

    @api.model
    def _count_by_record(self, records):
        """Return record id → number of messages it came out of that the user may see."""
        links = self._links_to(records)
        visible = set(self.search([("id", "in", [link[0] for link in links])]).ids)
        counts = {}
        for inbox_id, record_id in links:
            counts[record_id] = counts.get(record_id, 0) + (inbox_id in visible)
        return counts

    @api.model
    def _links_to(self, records):
        """Return the (message id, record id) that belong together, rights aside."""
        self.env.cr.execute(
            """
            SELECT i.id, record.id
              FROM unnest(%s::integer[]) AS record(id)
              JOIN mfg_integration_inbox i
                ON i.links @> jsonb_build_array(
                       jsonb_build_object('model', %s::text, 'id', record.id))
            """,
            [records.ids, records._name],
        )
        return self.env.cr.fetchall()

    # receiving

    @api.model
    @tools.ormcache("code")
    def _route(self, code):
        """Return how to receive over an inbound interface.

        Plain values, because they are cached across transactions; every change of an
        interface or version forgets them.

        :raises KeyError: there is no such interface
        """
        # sudo: the caller is a request with a key; its scope is checked by the caller
        interface = (
            self.env["mfg.integration.interface"]
            .sudo()
            .search([("code", "=", code), ("direction", "=", "inbound")])
        )
        if not interface:
            raise KeyError(code)
        versions = interface.version_ids.sorted(
            lambda each: (each.state == "approved", each.major, each.minor),
            reverse=True,
        )
        usable = versions.filtered(
            lambda each: each.state in ("approved", "deprecated")
        )
        return {
            "id": interface.id,
            "code": code,
            "conversation": self._conversation(interface),
            "company_id": interface.company_id.id,
            "mode": interface.processing_mode,
            "class": LATENCY_CLASSES[interface.latency_class],
            "version_id": usable[:1].id,
            "schema": usable[:1].schema,
            "mapped": usable[:1]._is_mapped(),
            "retired": not usable and "retired" in versions.mapped("state"),
        }

    @api.model
    def _conversation(self, interface):
        """Return what messages share that are kept in order by their order key."""
        handler = self.env["mfg.integration.handler"]._for_type(interface.code)
        own = handler._conversation if handler is not None else None
        return own or str(interface.id)

    @api.model
    def _receive(self, caller, route, headers, body, signed_id, remote_addr):
        """Take in one message of a caller whose key, network and scope are checked.

        :param dict caller: see :meth:`MfgIntegrationCredential._lookup`
        :param dict route: see :meth:`_route`
        :param signed_id: ``webhook-id`` of a verified signature, or None
        :return: (answer, replayed); an answer is ``{"status", "headers", "body"}``
        :raises Problem: the message is not accepted
        """
        message = self._new_message(caller, route, headers, body, remote_addr)
        for tries in range(1, TRIES + 1):
            try:
                return self._receive_once(caller, route, message, headers, signed_id)
            except psycopg2.OperationalError as error:
                if error.pgcode not in PG_CONCURRENCY_ERRORS_TO_RETRY:
                    raise
            # Nothing of this request is kept: its conflict is found out at the second look.
            self.env.cr.rollback()
            self.env.reset()
            self.env.registry.reset_changes()
            # the other transaction is about to end
            time.sleep(random.uniform(0, 0.01 * 2**tries))
        raise Problem("IN-503", retry_after=1)

    @api.model
    def _new_message(self, caller, route, headers, body, source):
        """Return what is known of a message before it is read.

        :param source: address or file it came from
        """
        return {
            "uuid": str(uuid.uuid4()),
            "system_id": caller["system_id"],
            "interface_id": route["id"],
            "interface_version_id": route["version_id"],
            "company_id": caller["company_id"],
            "credential_id": caller["id"],
            "type": route["code"],
            "class": route["class"],
            "lane": f"{caller['system_id']}:{route['conversation']}:",
            "headers": inbound_request.kept_headers(headers),
            "remote_addr": source,
            "body": body,
            "body_sha256": sha256(body).hexdigest(),
        }

    @api.model
    def _receive_once(self, caller, route, message, headers, signed_id):
        message = dict(message)
        try:
            incoming = inbound_request.read(headers, message["body"], signed_id)
        except inbound_request.BadKey as error:
            raise self._reject(message, Problem("IN-400-KEY", str(error))) from error
        except inbound_request.BadEvent as error:
            raise self._reject(message, Problem("IN-400-EVENT", str(error))) from error
        except ValueError as error:
            raise self._reject(message, Problem("IN-400-JSON", str(error))) from error
        message.update(
            key=incoming.key,
            traceparent=incoming.traceparent or trace.begin(message["uuid"]),
        )
        fingerprint = message["body_sha256"]
        problem = self._objection(caller, route, message, incoming)
        if problem is None and route["mode"] == "async":
            # One statement takes the key and the message: the case of nearly every request.
            message["state"] = "received"
            answer = self._answer_accepted(message)
            if store.insert(self.env.cr, message, fingerprint, answer):
                notify_after_commit(self.env.cr)
                return answer, False
        # A known key gets its answer, whatever the contract says by now.
        reserved, known, response = store.lookup(
            self.env.cr, message["system_id"], message["interface_id"], incoming.key
        )
        if known:
            if known != fingerprint:
                raise Problem("IN-422-KEY")
            return response, True
        if not reserved:
            raise Problem("IN-409", retry_after=1)
        if problem:
            raise self._reject(message, problem) if problem.errors else problem
        if route["mode"] == "sync":
            answer = self._handle_now(caller, message, incoming.payload)
            if store.insert(self.env.cr, message, fingerprint, answer):
                return answer, False
        # The key came or went between two looks.
        raise psycopg2.errors.SerializationFailure()

    @api.model
    def _objection(self, caller, route, message, incoming):
        """Return why a message cannot be accepted, or None; its lane is filled in.

        :return: :class:`Problem`; with ``errors`` it is the message's fault
        """
        handler = self.env["mfg.integration.handler"]._for_type(route["code"])
        if handler is None or not caller["user_id"]:
            # Told apart in the log only: neither is the sender's business.
            _logger.info(
                "Interface %s takes no messages of %s: %s",
                route["code"],
                caller["system_code"],
                "no handler is installed" if handler is None else "no service user",
            )
            return Problem("IN-503", retry_after=60)
        try:
            errors = contract.errors(route["schema"], incoming.payload)
        except contract.Unusable as error:
            _logger.info("Contract of %s cannot be used: %s", route["code"], error)
            return Problem("IN-503", retry_after=60)
        if errors:
            return Problem("IN-422", errors=errors)
        ordering = incoming.ordering_key
        if ordering is None and route["mapped"]:
            # The handler knows our words only, and they may not be found yet: one after
            # the other, which no handler minds.
            ordering = ""
        elif ordering is None:
            ordering = handler._ordering_key(incoming.payload) or ""
        message["lane"] += ordering[: inbound_request.MAX_LANE]
        return None

    @api.model
    def _reject(self, message, problem, cause=None):
        """Keep what was refused for the people who have to talk to the sender.

        :param cause: what only people here may read
        """
        error = cause or problem.explanation()
        with contextlib.suppress(ValueError):  # unreadable: its errors tell places only
            payload = inbound_request.payload_of(message["headers"], message["body"])
            error = self._redacted(message, payload, error)
        store.insert(
            self.env.cr,
            {
                **message,
                "state": "rejected",
                "error_code": problem.code,
                "error": error[:MAX_ERROR],
            },
        )
        return problem

    @api.model
    def _answer_accepted(self, message):
        return {
            "status": 202,
            "headers": {"Location": self._status_path(message)},
            "body": {"id": message["uuid"], "status": "received"},
        }

    @api.model
    def _status_path(self, message):
        return f"/mfg_integration/v1/in/{message['type']}/status/{message['uuid']}"

    @api.model
    def _handle_now(self, caller, message, payload):
        """Process a synchronous message in this transaction.

        :raises Problem: it could not be processed; nothing of it remains but its rejection,
            and the key is free again
        """
        try:
            payload = self._mapped(message, payload)
            with self.env.cr.savepoint():
                result, links = self._handle(message, payload, caller["user_id"])
        except mapping.Unmapped as error:
            raise self._reject(message, Problem(error.code, error.cause)) from error
        except UserError as error:
            text = str(error.args[0])
            raise self._reject(message, Problem("IN-422-DATA", text)) from error
        except psycopg2.OperationalError:
            raise
        except Exception as error:
            # Our defect, or the database's refusal: the sender may try again.
            _logger.info(
                "Handler of %s failed, trace %s",
                message["type"],
                trace.trace_id(message["traceparent"]),
                exc_info=True,
            )
            problem = Problem("IN-500", retry_after=60)
            raise self._reject(message, problem, repr(error)) from error
        message.update(state="processed", attempts=1, result=result, links=links)
        return {
            "status": 200,
            "headers": {"Location": self._status_path(message)},
            "body": {
                "id": message["uuid"],
                "status": "processed",
                "result": json.loads(result),
            },
        }

    @api.model
    def _status(self, message_uuid, interface_id, system_id):
        """Return what the sender of a message may know about it, None if it is not his."""
        try:
            message_uuid = str(uuid.UUID(message_uuid))
        except ValueError:
            return None
        self.env.cr.execute(
            """
            SELECT i.state, t.attempts, t.starts, t.waits_for, i.created_at, i.finished_at,
                   i.result, i.error_code
              FROM mfg_integration_inbox i
         LEFT JOIN mfg_integration_inbox_todo t
                ON t.inbox_id = i.id AND t.exception_id IS NULL
             WHERE i.uuid = %s AND i.interface_id = %s AND i.system_id = %s
            """,
            [message_uuid, interface_id, system_id],
        )
        rows = self.env.cr.dictfetchall()
        if not rows:
            return None
        row = rows[0]
        state = row["state"]
        if state == "received":
            if row["starts"]:
                state = "processing"
            elif row["waits_for"]:
                state = "parked"
            elif row["attempts"]:
                state = "retry"
        answer = {
            "id": message_uuid,
            "status": state,
            "receivedAt": row["created_at"].isoformat() + "Z",
        }
        if row["finished_at"]:
            answer["finishedAt"] = row["finished_at"].isoformat() + "Z"
        if row["result"] is not None:
            answer["result"] = row["result"]
        if row["error_code"]:
            answer["error"] = row["error_code"]
        return answer

    # processing

    @api.model
    def _mapped(self, row, payload):
        """Return the payload in our words.

        :raises mapping.Unmapped: a value has no translation
        """
        plan = self.env["mfg.integration.interface.version"]._inbound_plan(
            row["interface_version_id"], row["system_id"]
        )
        return mapping.map_one(self.env.cr, plan, payload) if plan else payload

    @api.model
    def _handle(self, row, payload, user_id):
        """Run the handler as the service user and return (result, links) as JSON texts."""
        trace.bind(self.env.cr, row["traceparent"])
        user = self.env["res.users"].browse(user_id)
        handler = (
            self.env["mfg.integration.handler"]
            ._for_type(row["type"])
            .with_env(
                self.env(
                    user=user_id,
                    su=False,
                    context={
                        # sudo: language and time zone of the service user
                        "lang": user.sudo().lang,
                        "tz": user.sudo().tz,
                        "allowed_company_ids": [row["company_id"]],
                    },
                )
            )
        )
        # sudo: the code is part of the message
        system = self.env["mfg.integration.system"].sudo().browse(row["system_id"])
        message = InboundMessage(
            uuid=row["uuid"],
            type=row["type"],
            system_id=row["system_id"],
            system_code=system.code,
            company_id=row["company_id"],
            interface_id=row["interface_id"],
            interface_version_id=row["interface_version_id"],
            key=row["key"],
            traceparent=row["traceparent"],
            headers=row["headers"],
        )
        result = handler._handle(payload, message)
        return json.dumps(result, default=json_default), json.dumps(message.links)

    @api.model
    def _process(self, inbox_id, last_try=False):
        """Process one waiting message in this transaction.

        :param last_try: a violated database rule is no conflict with another transaction
            any more, but what the message asks for
        :raises psycopg2.OperationalError: conflict with another transaction; try again
        """
        row = store.load(self.env.cr, inbox_id)
        if row is None:
            return
        payload = self._payload(row)
        # sudo: run by the worker; the handler itself runs as the service user
        system = self.env["mfg.integration.system"].sudo().browse(row["system_id"])
        handler = self.env["mfg.integration.handler"]._for_type(row["type"])
        user = system.user_id
        if handler is None or not user.active or user.id == SUPERUSER_ID:
            cause = (
                _("No installed module handles %(type)s.", type=row["type"])
                if handler is None
                else _("System %(name)s has no service user.", name=system.name)
            )
            self._bury(row, "IN-CONFIG", cause, "configuration")
            return
        try:
            payload = self._mapped(row, payload)
            with self.env.cr.savepoint():
                result, links = self._handle(row, payload, user.id)
        except mapping.Unmapped as error:
            self._bury(row, error.code, error.cause, "mapping")
        except NotYet as error:
            self._park(row, error)
        except UserError as error:
            self._bury(row, "IN-DATA", str(error.args[0]), "refused")
        except psycopg2.IntegrityError as error:
            if not last_try:
                raise
            self._bury(row, "IN-DATA", str(error.diag.message_primary), "refused")
        except psycopg2.OperationalError:
            raise
        except Exception as error:
            _logger.info(
                "Handler of %s failed, trace %s",
                row["type"],
                trace.trace_id(row["traceparent"]),
                exc_info=True,
            )
            self._fail(row, repr(error))
        else:
            store.finish(self.env.cr, row, result, links)

    @api.model
    def _park(self, row, error):
        """Set a message apart that came too early; its owner is told when its time is over."""
        cause = self._redacted(row, self._payload(row), str(error.args[0]))
        left = self._interface(row).park_minutes * 60 - row["age"]
        if left <= 0:
            self._bury(row, "IN-WAIT", cause, "waited")
            return
        # What it waits for may also happen by hand, which wakes nobody.
        delay = min(max(row["age"] / 4, 1), left, PARKED_PAUSE)
        store.park(
            self.env.cr, row, "IN-WAIT", cause[:MAX_ERROR], error.waits_for, delay
        )

    @api.model
    def _wake(self, happened):
        """Have the messages looked at again that wait for what has just happened.

        :param happened: keys that :class:`..engine.not_yet.NotYet` was raised with
        """
        if happened and store.wake(self.env.cr, happened):
            notify_after_commit(self.env.cr)

    @api.model
    def _bury_poison(self, inbox_id):
        """Set a message aside whose processes died."""
        row = store.load(self.env.cr, inbox_id)
        if row is not None:
            cause = _("The process ended three times while it worked on this message.")
            self._bury(row, "IN-POISON", cause, "poison")

    @api.model
    def _payload(self, row):
        if row["correction"]:
            return json.loads(row["correction"])
        return inbound_request.payload_of(row["headers"], bytes(row["body"]))

    @api.model
    def _fail(self, row, error):
        """Plan the next attempt, or have a person look at the message."""
        # sudo: run by the worker
        error = self._redacted(row, self._payload(row), error)
        policy = self.env["mfg.integration.endpoint"].sudo()._default_retry_policy_id()
        delay = policy._schedule().delay(row["attempts"] + 1) if policy else None
        interface = self._interface(row)
        if delay is None:
            self._bury(row, "IN-ERROR", error, "exhausted")
        elif row["age"] + delay > interface.max_age_hours * 3600:
            self._bury(row, "IN-ERROR", error, "expired")
        else:
            store.retry(self.env.cr, row, "IN-ERROR", error[:MAX_ERROR], delay)

    @api.model
    def _bury(self, row, code, error, reason):
        """Open an exception for a person to decide on."""
        interface = self._interface(row)
        payload = self._payload(row)
        error = self._redacted(row, payload, error)
        # sudo: run by the worker
        exception = (
            self.env["mfg.integration.inbox.exception"]
            .sudo()
            ._open(row, interface, payload, code, error[:MAX_ERROR], reason)
        )
        store.bury(
            self.env.cr,
            row,
            row["attempts"] + 1,
            code,
            error[:MAX_ERROR],
            exception.id,
            interface.on_dead == "block",
        )

    @api.model
    def _redacted(self, row, payload, error):
        """Return the text of an error without the confidential values of the message."""
        versions = self.env["mfg.integration.interface.version"]
        masks = versions._masks(row["interface_version_id"])
        return masking.redacted(error, payload, masks) if masks else error

    @api.model
    def _interface(self, row):
        # sudo: run by the worker
        return self.env["mfg.integration.interface"].sudo().browse(row["interface_id"])

    # scheduled actions

    @api.model
    def _cron_process(self):
        """Process what waits, if no worker process does."""
        if workers_alive(self.env.cr):
            return
        processor = InboundProcessor(self.env.cr.dbname)
        budget = self.env["mfg.integration.delivery"]._cron_budget()
        try:
            processor.run(until=time.monotonic() + budget)
        finally:
            processor.close()

    @api.model
    def _cron_clean_keys(self):
        """Forget the idempotency keys whose time is over."""
        store.clean_keys(self.env.cr)

    @api.model
    def _trigger_cron(self):
        self.env.ref("mfg_integration_queue.ir_cron_inbound")._trigger()
