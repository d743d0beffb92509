"""A database whose audit trail is keyed, signed and witnessed, and its processes."""

import xmlrpc.client

import requests

from .new_trail import begin_anew

PATIENCE = 120
RECEIPT_KEY = "a long random text of this laboratory"
CAPTURE = """
env["mfg.audit.rule"].create({"model_id": env["ir.model"]._get_id("res.bank")})
env["res.bank"].create({"name": "First", "bic": "FIRST"})
env["res.users"].create({
    "name": "Clerk", "login": "clerk", "password": "clerk",
    "groups_id": [(4, env.ref("base.group_user").id),
                  (4, env.ref("base.group_partner_manager").id)],
})
env.cr.commit()
"""


class Refused(Exception):
    """The server answered with an error; the text names its class."""


class Site:
    """A database with captured banks, a signing key and a witness."""

    def __init__(self, lab, folder):
        self.lab = lab
        self.database = lab.database("audit")
        self.key, self.witness = folder / "audit.key", folder / "witness"
        #: further options of Odoo's configuration
        self.options = {}
        # Its keys, its witness and what is captured are this test's from the first entry on.
        begin_anew(lab, self.database)
        assert lab.script(self.database, CAPTURE) == []
        self.port = lab.free_port()
        self.run("keygen", "--file", str(self.key), key=False)
        self.connection = lab.connect(self.database)
        self.bank = self.query("SELECT id FROM res_bank WHERE bic = 'FIRST'")[0][0]
        self.seen = self.last()

    def conf(self, key=True, **options):
        signing = {"mfg_audit_signing_key": self.key} if key else {}
        return self.lab.conf(
            self.database,
            http_port=self.port,
            **{
                "mfg_audit_key": RECEIPT_KEY,
                "mfg_audit_witness": self.witness,
                **signing,
                **self.options,
                **options,
            },
        )

    def run(self, verb, *arguments, key=True):
        """Run a command to its end; return (exit code, what it printed)."""
        service = self.lab.start_odoo(
            verb, self.conf(key), "mfg_audit", verb, *arguments, "-d", self.database
        )
        code = service.process.wait(PATIENCE)
        return code, service.log.read_text(encoding="utf-8")

    def start_server(self, **options):
        server = self.lab.start_odoo("server", self.conf(**options))
        server.wait_until(self._answers, PATIENCE)
        return server

    def _answers(self):
        try:
            return requests.get(f"{self.url}/web/health", timeout=5).ok
        except requests.RequestException:  # not yet, or too busy
            return False

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def call_rpc(self, login, password, model, method, *args):
        """What a call of the external API (XML-RPC) answers."""
        common = xmlrpc.client.ServerProxy(f"{self.url}/xmlrpc/2/common")
        uid = common.authenticate(self.database, login, password, {})
        objects = xmlrpc.client.ServerProxy(f"{self.url}/xmlrpc/2/object")
        return objects.execute_kw(
            self.database, uid, password, model, method, list(args)
        )

    def query(self, statement, parameters=None):
        with self.connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else None

    def last(self):
        return self.query("SELECT COALESCE(MAX(id), 0) FROM mfg_audit.event")[0][0]

    def events(self):
        """(new values, origin, login user, attested) of what came since the beginning."""
        return self.query(
            """
            SELECT e.new, t.origin, u.login, r.mac IS NOT NULL
              FROM mfg_audit.event e
              JOIN mfg_audit.tx t ON t.cluster = e.cluster AND t.xid = e.xid
              JOIN mfg_audit.receipt r ON r.cluster = t.cluster AND r.xid = t.xid
         LEFT JOIN res_users u ON u.id = t.login_uid
             WHERE e.id > %s AND e.tbl = 'res_bank'
          ORDER BY e.id
            """,
            [self.seen],
        )

    def tamper(self, statement):
        """Change the log as the owner of its tables can."""
        for name in ("event", "seal", "checkpoint", "tx", "receipt"):
            self.query(f"ALTER TABLE mfg_audit.{name} DISABLE TRIGGER USER")
        self.query(statement)

    def log_in(self, login="clerk"):
        """A session of the web client, as a function that calls a model's method.

        It raises :class:`Refused` where the server answers with an error.
        """
        session = requests.Session()

        def call(path, parameters):
            answer = session.post(
                f"{self.url}{path}",
                json={"jsonrpc": "2.0", "method": "call", "params": parameters},
                timeout=5 * PATIENCE,
            ).json()
            if "error" in answer:
                raise Refused(answer["error"]["data"]["name"])
            return answer["result"]

        call(
            "/web/session/authenticate",
            {"db": self.database, "login": login, "password": login},
        )
        return lambda model, method, *args: call(
            f"/web/dataset/call_kw/{model}/{method}",
            {"model": model, "method": method, "args": list(args), "kwargs": {}},
        )
