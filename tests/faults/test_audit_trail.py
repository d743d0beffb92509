"""The audit trail with real commits: who, receipts, seals, witness, and what tampering shows."""

import json
import subprocess
import sys
import xmlrpc.client

import psycopg2
import pytest
import requests

from tests.support.waiting import wait_for

PATIENCE = 120
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
CRON = """
env["ir.cron"].create({
    "name": "Three commits", "model_id": env["ir.model"]._get_id("res.bank"),
    "state": "code", "interval_number": 1, "interval_type": "days", "numbercall": 1,
    "code": '''
for number in range(3):
    env.cr.execute("UPDATE res_bank SET city = %s WHERE bic = 'FIRST'", [str(number)])
    env.cr.commit()
''',
})
env.cr.commit()
"""


class Site:
    """A database with captured banks, a signing key and a witness."""

    def __init__(self, lab, folder):
        self.lab = lab
        self.database = lab.database("audit")
        self.key, self.witness = folder / "audit.key", folder / "witness"
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
            mfg_audit_key="a long random text of this laboratory",
            mfg_audit_witness=self.witness,
            **signing,
            **options,
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

    def log_in(self):
        """A session of the web client, and a function that calls a model's method."""
        session = requests.Session()

        def call(path, parameters):
            answer = session.post(
                f"{self.url}{path}",
                json={"jsonrpc": "2.0", "method": "call", "params": parameters},
                timeout=60,
            ).json()
            assert "error" not in answer, answer["error"]
            return answer["result"]

        call(
            "/web/session/authenticate",
            {"db": self.database, "login": "clerk", "password": "clerk"},
        )
        return lambda model, method, *args: call(
            f"/web/dataset/call_kw/{model}/{method}",
            {"model": model, "method": method, "args": list(args), "kwargs": {}},
        )


@pytest.fixture
def site(lab, tmp_path):
    place = Site(lab, tmp_path)
    yield place
    place.connection.close()


def test_at_03_04_screen_external_api_and_plain_sql_are_told_apart(site):
    site.start_server(max_cron_threads=0)

    site.log_in()("res.bank", "write", [site.bank], {"city": "screen"})
    common = xmlrpc.client.ServerProxy(f"{site.url}/xmlrpc/2/common")
    uid = common.authenticate(site.database, "clerk", "clerk", {})
    xmlrpc.client.ServerProxy(f"{site.url}/xmlrpc/2/object").execute_kw(
        site.database, uid, "clerk", "res.bank", "write", [[site.bank], {"city": "rpc"}]
    )
    with (
        psycopg2.connect(**site.lab.dsn(site.database)) as other,
        other.cursor() as cursor,
    ):
        cursor.execute("SET application_name = 'a tool'")
        cursor.execute("UPDATE res_bank SET city = 'sql' WHERE id = %s", [site.bank])
    other.close()

    assert site.events() == [
        ({"city": "screen"}, "ui", "clerk", True),
        ({"city": "rpc"}, "rpc", "clerk", True),
        ({"city": "sql"}, "sql", None, False),
    ]
    assert site.query(
        "SELECT application, db_user, client_addr IS NOT NULL FROM mfg_audit.tx "
        "WHERE origin = 'sql' ORDER BY xid DESC LIMIT 1"
    ) == [("a tool", site.lab.dsn(site.database)["user"], True)]
    assert site.run("seal")[0] == 0
    code, text = site.run("verify")
    assert (code, text.splitlines()[-1]) == (0, f"{site.database}: no findings")


@pytest.mark.long
def test_at_12_scheduled_action_that_commits_in_between(site):
    assert site.lab.script(site.database, CRON) == []
    site.start_server(max_cron_threads=1)

    wait_for(lambda: len(site.events()) == 3, PATIENCE, "the action has run")

    assert [each[1:] for each in site.events()] == [("cron", "__system__", True)] * 3
    ((name,),) = site.query(
        "SELECT DISTINCT context->>'method' FROM mfg_audit.tx WHERE origin = 'cron'"
    )
    assert name == "Three commits"


def test_at_14_what_is_rolled_back_leaves_nothing(site):
    counts = """
        SELECT (SELECT COUNT(*) FROM mfg_audit.event), (SELECT COUNT(*) FROM mfg_audit.tx),
               (SELECT COUNT(*) FROM mfg_audit.receipt),
               (SELECT COUNT(*) FROM mfg_audit.pending)
    """
    before = site.query(counts)
    other = psycopg2.connect(**site.lab.dsn(site.database))
    with other.cursor() as cursor:
        cursor.execute("UPDATE res_bank SET city = 'never' WHERE id = %s", [site.bank])
    other.rollback()
    other.close()
    assert site.query(counts) == before


def test_at_26_changed_before_it_was_sealed(site):
    site.start_server(max_cron_threads=0)
    site.log_in()("res.bank", "write", [site.bank], {"city": "York"})
    (xid,) = site.query("SELECT MAX(xid) FROM mfg_audit.tx WHERE origin = 'ui'")[0]
    site.tamper(
        f"UPDATE mfg_audit.event SET new = '{json.dumps({'city': 'Hull'})}' "
        f"WHERE xid = {xid} AND tbl = 'res_bank'"
    )

    assert site.run("seal")[0] == 0
    code, text = site.run("verify")

    assert code == 1
    assert f"/{xid}" in text and "receipt" in text
    assert "field city: 'Hull' is recorded, 'York' is there" in text
    assert text.splitlines()[-1].endswith(": 2 findings"), "nothing else is suspected"


@pytest.mark.long
def test_at_28_log_behind_its_witness(site):
    site.run("seal")
    backup = site.lab.database("backup")
    site.lab.workspace.drop(backup)
    site.connection.close()
    site.lab.workspace.clone(site.database, backup)
    site.connection = site.lab.connect(site.database)
    site.query("UPDATE res_bank SET city = 'lost' WHERE id = %s", [site.bank])
    assert site.run("seal")[0] == 0
    assert site.run("verify")[0] == 0

    site.connection.close()
    site.database = backup  # yesterday's backup takes its place
    site.connection = site.lab.connect(backup)
    code, text = site.run("verify")

    assert code == 1
    assert "witness: knows" in text and "restored from a backup" in text
    site.query("UPDATE res_bank SET city = 'other' WHERE id = %s", [site.bank])
    site.run("seal")
    code, text = site.run("verify")
    assert code == 1, "going on from the backup does not hide it"
    assert "witness" in text


def test_at_23_edited_after_sealing(site):
    site.query("UPDATE res_bank SET city = 'York' WHERE id = %s", [site.bank])
    assert site.run("seal")[0] == 0
    event = site.last()
    site.tamper(
        f"UPDATE mfg_audit.event SET new = '{json.dumps({'city': 'Hull'})}' "
        f"WHERE id = {event}"
    )
    code, text = site.run("verify")
    assert code == 1
    assert f"event {event})" in text


def test_at_40_unreachable_witness_stops_nobody(site, tmp_path):
    site.query("UPDATE res_bank SET city = 'York' WHERE id = %s", [site.bank])
    site.witness = tmp_path / "not-mounted" / "witness"
    code, text = site.run("seal")
    assert code == 1 and "not-mounted" in text
    assert site.query("SELECT COUNT(*) FROM mfg_audit.pending") == [(0,)]
    site.query("UPDATE res_bank SET city = 'Hull' WHERE id = %s", [site.bank])

    site.witness.parent.mkdir()  # it is back
    assert site.run("seal")[0] == 0
    assert site.run("verify")[0] == 0
    (size,) = site.query("SELECT MAX(size) FROM mfg_audit.checkpoint")[0]
    assert f"\n{size}\n" in site.witness.read_text(encoding="utf-8")


def test_at_29_export_of_the_command_line(site, tmp_path):
    site.query("UPDATE res_bank SET city = 'York' WHERE id = %s", [site.bank])
    assert site.run("seal")[0] == 0
    file = tmp_path / "log.jsonl.gz"
    code, text = site.run("export", "--file", str(file))
    assert code == 0, text
    verifier = site.lab.root / "addons/mfg_audit_trail/offline/mfg_audit_verify.py"
    done = subprocess.run(
        [sys.executable, "-IS", verifier, file, "--public-key", f"{site.key}.pub"]
        + ["--witness", site.witness],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "no findings" in done.stdout
