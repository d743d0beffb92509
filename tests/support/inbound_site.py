"""A database that takes messages in, its servers and workers, and senders to it."""

import base64
import hashlib
import hmac
import http.client
import json
import threading
import time
from contextlib import suppress
from pathlib import Path

import psycopg2

from .crons import call_crons, wait_for_crons

ADDONS = Path(__file__).parent / "addons"
PATIENCE = 90
SECRET = base64.b64encode(b"inbound secret of thirty-two by").decode()

_PREPARE = """
import json
env["ir.cron"].search([]).active = False
company = env.company
user = env["res.users"].with_context(no_reset_password=True).create({
    "name": "Service", "login": "inbound_service", "email": "service@example.com",
    "company_id": company.id,
    "company_ids": [(6, 0, company.ids)],
    "groups_id": [(6, 0, [env.ref("base.group_user").id,
                          env.ref("base.group_partner_manager").id])],
})
system = env["mfg.integration.system"].create({
    "name": "Sender", "code": "sender", "company_id": company.id, "user_id": user.id})
for code in ("test.count", "test.crash"):
    env["mfg.integration.interface"].create({
        "name": code, "code": code, "direction": "inbound",
        "exception_owner_id": env.ref("base.user_admin").id,
        "version_ids": [(0, 0, {"state": "approved"})],
    })
interfaces = env["mfg.integration.interface"].search([("direction", "=", "inbound")])
keys = []
for name in ("Sender", "Signing sender"):
    credential, key = env["mfg.integration.credential"]._issue({
        "name": name, "system_id": system.id, "interface_ids": [(6, 0, interfaces.ids)],
        "quota_per_minute": 0})
    keys.append(key)
credential._set_signing_secret("whsec_" + %(secret)r)
credential.signature_required = True
partners = env["res.partner"].create([{"name": "A"}, {"name": "B"}])
env.cr.commit()
with open(%(out)r, "w") as out:
    json.dump({"keys": keys, "partners": partners.ids, "system": system.id}, out)
"""


class InboundSite:
    """One such database, with handlers that collide and crash.

    :param lab: the laboratory
    :param sync: codes of interfaces that answer with the result
    :param signed: whether messages have to be signed
    :param conf: further options of odoo.conf for every process
    """

    #: databases that are prepared alike bear one label
    _label = "inbound"

    def __init__(self, lab, sync=(), signed=False, conf=None):
        self.lab = lab
        self.server = None
        self._options = conf or {}
        # Preparing takes longer than most tests do, so all of them share it.
        self.database, self.prepared = lab.prepared(self._label, self._prepare)
        self.key = self.prepared["keys"][signed]
        self.partners = self.prepared["partners"]
        self.system = self.prepared["system"]
        self.connection = lab.connect(self.database)
        self.query(
            "UPDATE mfg_integration_interface SET processing_mode = 'sync' "
            "WHERE code = ANY(%s)",
            list(sync),
        )

    def _prepare(self, database):
        self.database = database
        self._odoo("-i", "mfg_test_inbound", "--stop-after-init")
        out = self.lab.folder / f"{database}.json"
        self._odoo(
            "shell", "--no-http", script=_PREPARE % {"secret": SECRET, "out": str(out)}
        )
        return json.loads(out.read_text())

    def close(self):
        """Give back the connection; processes and database end with the test."""
        self.connection.close()

    # processes

    def start_server(self, name="server", **options):
        """Start Odoo's server and wait until it answers."""
        self.port = self.lab.free_port()
        conf = self._conf(http_port=self.port, **options)
        self.server = self.lab.start_odoo(name, conf)
        self.server.wait_until(self._answers, PATIENCE)
        if options.get("max_cron_threads"):
            wait_for_crons(self.lab, self.server)
            call_crons(self.lab, self.database)
        return self.server

    def begin_worker(self, name="worker"):
        """Start a worker process that may end before it listens."""
        return self.lab.start_odoo(
            name, self._conf(), "mfg_integration_worker", "-d", self.database
        )

    def start_worker(self, name="worker"):
        """Start a worker process and wait until it listens."""
        worker = self.begin_worker(name)
        worker.wait_until(
            lambda: worker.has_logged("mfg_integration_worker ready"), PATIENCE
        )
        return worker

    def hasten_deadlocks(self):
        """Have deadlocks found at once instead of after a second, where we may."""
        with suppress(psycopg2.errors.InsufficientPrivilege):
            self.query(
                f"ALTER DATABASE \"{self.database}\" SET deadlock_timeout = '20ms'"
            )

    def script(self, code):
        """Run Python code in Odoo's shell."""
        self._odoo("shell", "--no-http", script=code)

    def _conf(self, **options):
        own = self.lab.workspace.odoo.addons_path()
        return self.lab.conf(
            self.database,
            addons_path=f"{own},{ADDONS}",
            **{**self._options, **options},
        )

    def _odoo(self, *arguments, script=None):
        _complaints, lines = self.lab.workspace.odoo.run(
            self._conf(), arguments, self.lab.folder / "prepare.log", script=script
        )
        assert not any("Traceback" in line for line in lines), "\n".join(lines)

    def _answers(self):
        try:
            return self.post({}, "system.ping")[0] in (200, 202, 401, 403)
        except OSError:
            return False

    # what senders do

    def headers(self, key=None, **more):
        """Headers of a message; an idempotency key of its own unless one is given."""
        return {
            "Authorization": f"Bearer {self.key}",
            "Content-Type": "application/json",
            "Idempotency-Key": key or f"{threading.get_ident()}-{time.monotonic_ns()}",
            **more,
        }

    def post(self, payload, interface="system.note", key=None, headers=None):
        """Send one message over a connection of its own.

        :param payload: dict, or the bytes of a body
        :return: (status, decoded answer, headers in lower case)
        """
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(
                "POST",
                f"/mfg_integration/v1/in/{interface}",
                body=body,
                headers=self.headers(key, **(headers or {})),
            )
            answer = connection.getresponse()
            names = {name.lower(): value for name, value in answer.headers.items()}
            return answer.status, json.loads(answer.read()), names
        finally:
            connection.close()

    def parallel(self, calls):
        """Make calls at the same moment, each in a thread; returns their answers."""
        start = threading.Barrier(len(calls))
        answers = [None] * len(calls)

        def run(number, call):
            start.wait()
            answers[number] = call()

        threads = [threading.Thread(target=run, args=item) for item in enumerate(calls)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return answers

    # what is in the database

    def query(self, statement, *parameters):
        """Return the rows of a statement, past Odoo."""
        with self.connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else None

    def notes(self):
        """How many notes the sender has left."""
        return self.query(
            "SELECT count(*) FROM mail_message WHERE model = 'mfg.integration.system' "
            "AND res_id = %s AND message_type = 'notification' AND author_id IN "
            "(SELECT partner_id FROM res_users WHERE login = 'inbound_service')",
            self.system,
        )[0][0]

    def unfinished(self):
        """How many messages wait for processing."""
        return self.query(
            "SELECT count(*) FROM mfg_integration_inbox_todo WHERE exception_id IS NULL"
        )[0][0]

    def colors(self):
        """What the counting handlers counted, per partner."""
        rows = self.query(
            "SELECT color FROM res_partner WHERE id = ANY(%s) ORDER BY id",
            self.partners,
        )
        return [color or 0 for (color,) in rows]


def sign(body, message_id, timestamp=None, secret=SECRET):
    """Return the Standard Webhooks headers of a body."""
    timestamp = int(time.time()) if timestamp is None else timestamp
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(base64.b64decode(secret), signed, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
