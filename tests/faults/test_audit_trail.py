"""The audit trail with real commits: who, receipts, seals, witness, and what tampering shows."""

import json
import subprocess
import sys

import psycopg2
import pytest

from tests.support.audit_site import PATIENCE
from tests.support.waiting import wait_for

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


WATCH = """
env["mfg.audit.alert"]._cron_watch()
env.cr.commit()
"""


def by_another_tool(site):
    """Change a bank as somebody does who has the password of the database."""
    other = psycopg2.connect(**site.lab.dsn(site.database))
    with other, other.cursor() as cursor:
        cursor.execute("SET application_name = 'a tool'")
        cursor.execute("UPDATE res_bank SET city = 'sql' WHERE id = %s", [site.bank])
    other.close()


def test_at_03_screen_external_api_and_plain_sql_are_told_apart(site):
    site.start_server(max_cron_threads=0)

    site.log_in()("res.bank", "write", [site.bank], {"city": "screen"})
    site.call_rpc("clerk", "clerk", "res.bank", "write", [site.bank], {"city": "rpc"})
    by_another_tool(site)

    assert site.events() == [
        ({"city": "screen"}, "ui", "clerk", True),
        ({"city": "rpc"}, "rpc", "clerk", True),
        ({"city": "sql"}, "sql", None, False),
    ]
    assert site.run("seal")[0] == 0
    code, text = site.run("verify")
    assert (code, text.splitlines()[-1]) == (0, f"{site.database}: no findings")


def test_at_04_plain_sql_is_recorded_marked_and_told(site):
    by_another_tool(site)

    assert site.events() == [({"city": "sql"}, "sql", None, False)]
    user = site.lab.dsn(site.database)["user"]
    assert site.query(
        "SELECT application, db_user, client_addr IS NOT NULL FROM mfg_audit.tx "
        "WHERE origin = 'sql' ORDER BY xid DESC LIMIT 1"
    ) == [("a tool", user, True)]
    assert site.lab.script(site.database, WATCH) == []
    ((subject, count, severity),) = site.query(
        "SELECT subject, count, severity FROM mfg_audit_alert WHERE kind = 'unattested'"
    )
    assert (subject, severity) == (user, "2") and count >= 1


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
               (SELECT COUNT(*) FROM mfg_audit.tx WHERE fresh)
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

    code, text = site.run("acknowledge", "--reason", "Disk of the server broken")
    assert code == 0 and "transactions are lost" in text
    assert site.run("seal")[0] == 0, "the witness goes along"
    assert site.query(
        "SELECT new ->> 'reason' FROM mfg_audit.event WHERE op = 'G' AND new ? 'reason'"
    ) == [("Disk of the server broken",)]
    code, text = site.run("verify")
    assert (code, text.splitlines()[-1]) == (0, f"{backup}: no findings")
    assert "instead-of" in site.witness.read_text(encoding="utf-8")
    assert site.run("acknowledge", "--reason", "Again")[0] != 0


@pytest.mark.long
def test_at_28_database_read_in_from_a_dump(site):
    """Its triggers were made anew, of which the log cannot know that nothing came between."""
    site.query("UPDATE res_bank SET city = 'York' WHERE id = %s", [site.bank])
    assert site.run("seal")[0] == 0
    tables = site.query("SELECT name FROM mfg_audit.relation WHERE active")
    site.connection.close()
    site.database = site.lab.restored(site.database, "restored")
    site.connection = site.lab.connect(site.database)
    site.query("UPDATE res_bank SET city = 'Hull' WHERE id = %s", [site.bank])
    assert site.run("seal")[0] == 0

    code, text = site.run("verify")

    assert code == 1
    *found, count = [line for line in text.splitlines() if site.database in line]
    assert count == f"{site.database}: {len(tables)} findings"
    assert {line.partition(": ")[2] for line in found} == {
        f"coverage: the triggers of {name} were switched off for a while, or are others"
        for (name,) in tables
    }
    code, text = site.run("acknowledge", "--reason", "Moved to a new server")
    assert code == 0, text
    assert site.query(
        "SELECT DISTINCT new ->> 'reason' FROM mfg_audit.event WHERE op = 'G'"
    ) == [("Moved to a new server",)]
    assert site.run("seal")[0] == 0
    code, text = site.run("verify")
    assert (code, text.splitlines()[-1]) == (0, f"{site.database}: no findings")


def test_at_28_copy_does_not_sign_in_the_name_of_the_original(site):
    site.query("UPDATE res_bank SET city = 'York' WHERE id = %s", [site.bank])
    assert site.run("seal")[0] == 0
    seen = site.witness.read_text(encoding="utf-8")
    # as Odoo does when a database is duplicated, or restored as a copy
    assert (
        site.lab.script(
            site.database,
            "env['ir.config_parameter'].init(force=True); env.cr.commit()",
        )
        == []
    )
    site.query("UPDATE res_bank SET city = 'Hull' WHERE id = %s", [site.bank])

    assert site.run("seal")[0] == 0

    assert site.query(
        "SELECT note FROM mfg_audit.checkpoint ORDER BY size DESC LIMIT 1"
    ) == [(None,)]
    assert site.witness.read_text(encoding="utf-8") == seen


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
    assert site.query("SELECT COUNT(*) FROM mfg_audit.tx WHERE fresh") == [(0,)]
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
