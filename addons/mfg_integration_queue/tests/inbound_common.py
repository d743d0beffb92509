"""Helpers for tests of inbound messages."""

import base64
import hashlib
import hmac
import itertools
import json
import time

from odoo.tests.common import HttpCase

from ..engine import envelope
from ..engine import inbound_store as store
from .common import QueueCase

SIGNING_SECRET = (
    "whsec_" + base64.b64encode(b"inbound secret of thirty-two by").decode()
)
_keys = itertools.count(1)


def sign(body, message_id, secret=SIGNING_SECRET, timestamp=None):
    """Return the Standard Webhooks headers of a body."""
    timestamp = int(time.time()) if timestamp is None else timestamp
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(envelope.decode_secret(secret), signed, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


class InboundCase(QueueCase):
    """A system with a service user and an API key for the two shipped interfaces."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.service_user = cls._user("service", "base.group_user")
        cls.system.user_id = cls.service_user
        ref = "mfg_integration_queue.mfg_integration_interface_system"
        cls.note = cls.env.ref(f"{ref}_note")
        cls.ping = cls.env.ref(f"{ref}_ping")
        cls.note.exception_owner_id = cls.operator
        cls.inbox = cls.env["mfg.integration.inbox"]
        cls.credential, cls.api_key = cls._credential()

    @classmethod
    def _credential(cls, **values):
        return cls.env["mfg.integration.credential"]._issue(
            {
                "name": "MES gateway",
                "system_id": cls.system.id,
                "interface_ids": [(6, 0, (cls.note + cls.ping).ids)],
                **values,
            }
        )

    def _take_in(
        self, payload=None, interface=None, key=None, headers=None, credential=None
    ):
        """Receive one message past HTTP and return it."""
        credential = credential or self.credential
        caller = self.env["mfg.integration.credential"]._lookup(credential.prefix)
        answer, _replayed = self.inbox._receive(
            caller,
            self.inbox._route((interface or self.note).code),
            {
                "content-type": "application/json",
                "idempotency-key": key or f"key-{next(_keys)}",
                **(headers or {}),
            },
            json.dumps({"text": "Hello"} if payload is None else payload).encode(),
            None,
            "127.0.0.1",
        )
        return self._message(answer["body"]["id"])

    def _message(self, uuid):
        self.env.invalidate_all()
        return self.inbox.search([("uuid", "=", uuid)])

    def _messages(self):
        self.env.invalidate_all()
        return self.inbox.search([("system_id", "=", self.system.id)], order="id")

    def _process_due(self):
        """Process what is due, as the worker does, inside the test's transaction."""
        for lane, _first in store.lane_heads(self.env.cr, 1000):
            while begun := store.start(self.env.cr, lane, "test"):
                self.inbox._process(begun[0])
        return self._messages()

    def _notes(self):
        self.env.invalidate_all()
        return self.system.message_ids.filtered(
            lambda each: each.author_id == self.service_user.partner_id
        )

    def _exception(self):
        self.env.invalidate_all()
        return self.env["mfg.integration.inbox.exception"].search(
            [("system_id", "=", self.system.id)], order="id desc", limit=1
        )


class InboundHttpCase(InboundCase, HttpCase):
    """Real requests against the inbox."""

    def _post(self, body, interface="system.note", key=None, headers=None, **options):
        """Send one message; a dict is sent as JSON."""
        if isinstance(body, dict):
            body = json.dumps(body).encode()
        defaults = {
            "Authorization": f"Bearer {self.api_key}",
            "Content-Type": "application/json",
            "Idempotency-Key": key or f"http-{next(_keys)}",
        }
        merged = {**defaults, **(headers or {})}
        return self.opener.request(
            options.pop("method", "POST"),
            f"{self.base_url()}/mfg_integration/v1/in/{interface}",
            data=body,
            headers={name: value for name, value in merged.items() if value},
            timeout=30,
            **options,
        )

    def _get(self, path, key=None):
        return self.opener.get(
            self.base_url() + path,
            headers={"Authorization": f"Bearer {key or self.api_key}"},
            timeout=30,
        )

    def assertProblem(self, response, status, code):
        """Expect a problem document that names its cause."""
        self.assertEqual(response.status_code, status, response.text[:500])
        self.assertEqual(response.headers["Content-Type"], "application/problem+json")
        problem = response.json()
        self.assertEqual(problem["code"], code)
        self.assertEqual(problem["status"], status)
        self.assertEqual(problem["type"], f"urn:mfg:problem:{code.lower()}")
        self.assertTrue(problem["title"])
        return problem
