"""Tampering with a long log: every place is named, nothing else is suspected, in time."""

import json
import re
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
from audit_scripts import FILL

PER_TRANSACTION = 10
#: how a range is told
LOST = re.compile(r"(\d+) of \1 events missing, all of (\d+) transactions from here to")
#: what a person does who owns the tables, and what has to be told of it: kinds of findings,
#: how many transactions are named, and how many events
TAMPERINGS = """
first, second = 1000000000 + COUNT // 2, 1000000000 + COUNT // 2 + 7
EVENT = f"SELECT id FROM mfg_audit.event WHERE xid = {first} AND n = 4"
TAMPERINGS = {
    "edited": (
        "UPDATE mfg_audit.event SET new = new || '{\\"state\\": \\"draft\\"}' "
        f"WHERE id = ({EVENT})",
        {"event"}, {first},
    ),
    "deleted": (f"DELETE FROM mfg_audit.event WHERE id = ({EVENT})", {"events"}, {first}),
    "inserted": (
        "INSERT INTO mfg_audit.event SELECT (jsonb_populate_record(NULL::mfg_audit.event, "
        "to_jsonb(e) || '{\\"id\\": 999999999, \\"n\\": 11}')).* "
        f"FROM mfg_audit.event e WHERE id = ({EVENT})",
        {"events", "event"}, {first},
    ),
    "two events swapped": (
        f"UPDATE mfg_audit.event SET n = 11 - n WHERE xid = {first} AND n IN (5, 6)",
        {"event"}, {first},
    ),
    "two transactions swapped": (
        f"UPDATE mfg_audit.event SET xid = {first} + {second} - xid "
        f"WHERE xid IN ({first}, {second})",
        {"event"}, {first, second},
    ),
    "moved to another partition": (
        f"UPDATE mfg_audit.event SET class = 'quality' WHERE id = ({EVENT})",
        {"event"}, {first},
    ),
    "partition taken off, edited, put back": (
        f'''
        ALTER TABLE mfg_audit.event_operations DETACH PARTITION mfg_audit.{MONTH};
        UPDATE mfg_audit.{MONTH} SET res_id = 1 WHERE xid = {first} AND n = 2;
        ALTER TABLE mfg_audit.event_operations ATTACH PARTITION mfg_audit.{MONTH} {BOUNDS}
        ''',
        {"event"}, {first},
    ),
    "two seals swapped": (
        f'''
        DROP TABLE IF EXISTS pg_temp.two;
        CREATE TEMP TABLE two AS SELECT * FROM mfg_audit.seal WHERE xid IN ({first}, {second});
        DELETE FROM mfg_audit.seal WHERE xid IN ({first}, {second});
        UPDATE two SET idx = (SELECT SUM(idx) FROM two) - idx;
        INSERT INTO mfg_audit.seal SELECT * FROM two
        ''',
        {"checkpoint", "signed checkpoint"}, set(),
    ),
}
LOSSES = {
    "emptied": "TRUNCATE mfg_audit.event",
    "partition dropped": f"DROP TABLE mfg_audit.{MONTH}",
    "all of one user": "DELETE FROM mfg_audit.event WHERE eff_uid = 2",
}
"""
TRY = """
import json, time
from odoo.addons.mfg_audit_trail.engine import filing, sealer, signing, verifier
from odoo.tools import config

config["mfg_audit_signing_key"] = KEY
cr = env.cr
answer = {}
begun = time.perf_counter()
sealer.run(cr.dbname)
answer["seal"] = time.perf_counter() - begun
filing.run(cr.dbname)
cr.commit()
cr.execute("ANALYZE mfg_audit.seal, mfg_audit.event, mfg_audit.tx")
cr.commit()
public = signing.public()
cr.execute(
    "SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_class c "
    "JOIN mfg_audit.event e ON e.tableoid = c.oid WHERE e.xid = 1000000001 LIMIT 1"
)
MONTH, BOUNDS = cr.fetchone()
begun = time.perf_counter()
answer["untouched"] = [finding.line() for finding in verifier.verify(cr, public)]
answer["verify"] = time.perf_counter() - begun
exec(TAMPERINGS_TEXT)


def tried(statement):
    cr.execute(
        "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'p') "
        "AND relnamespace = 'mfg_audit'::regnamespace AND relname ~ '^(event|seal$|checkpoint$)'"
    )
    for (name,) in cr.fetchall():
        cr.execute(f"ALTER TABLE {name} DISABLE TRIGGER USER")
    cr.execute(statement)
    found = verifier.verify(cr, public)
    cr.rollback()
    return found


answer["found"] = {}
for name, (statement, kinds, xids) in TAMPERINGS.items():
    found = tried(statement)
    answer["found"][name] = {
        "kinds": sorted({each.kind for each in found}), "wanted_kinds": sorted(kinds),
        "xids": sorted({each.xid for each in found if each.xid}), "wanted_xids": sorted(xids),
        "texts": [each.line() for each in found[:5]],
    }
answer["lost"] = {}
for name, statement in LOSSES.items():
    answer["lost"][name] = [
        each.line() for each in tried(statement) if each.kind == "events"
    ]
with open(ANSWER, "w", encoding="utf-8") as target:
    json.dump(answer, target)
"""


def fill(site, transactions):
    with site.connection.cursor() as cursor:
        cursor.execute(FILL, {"transactions": transactions})


def run(site, folder, transactions):
    """Fill, seal, verify and tamper; return what was found."""
    fill(site, transactions)
    answer = folder / "answer.json"
    settings = (
        f"COUNT, KEY, ANSWER = {transactions}, {str(site.key)!r}, {str(answer)!r}\n"
        f"TAMPERINGS_TEXT = {TAMPERINGS!r}\n"
    )
    warnings = site.lab.script(site.database, settings + TRY)
    assert answer.exists(), warnings
    return json.loads(answer.read_text(encoding="utf-8"))


def test_at_23_24_every_tampering_is_located_in_a_long_log(site, tmp_path):
    transactions = (20_000 if site.lab.quick else 1_000_000) // PER_TRANSACTION
    answer = run(site, tmp_path, transactions)
    assert answer["untouched"] == []
    for name, found in answer["found"].items():
        assert found["kinds"], f"{name}: nothing was found"
        assert set(found["wanted_kinds"]) <= set(found["kinds"]), (name, found)
        assert found["xids"] == found["wanted_xids"], (name, found)
    events = transactions * PER_TRANSACTION
    for name, found in answer["lost"].items():
        sizes = [LOST.search(text) for text in found]
        assert any(
            size and int(size[1]) >= events and int(size[2]) >= transactions
            for size in sizes
        ), (name, found[:5])


@pytest.mark.long
def test_at_32_a_million_events_are_verified_in_time(site, tmp_path):
    fill(site, 1_000_000 // PER_TRANSACTION)
    assert site.run("seal")[0] == 0
    begun = time.perf_counter()
    code, text = site.run("verify", "--no-drift")
    in_database = time.perf_counter() - begun
    assert code == 0, text
    file = tmp_path / "log.jsonl.gz"
    assert site.run("export", "--file", str(file))[0] == 0
    verifier = site.lab.root / "addons/mfg_audit_trail/offline/mfg_audit_verify.py"
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-IS", verifier, file, "--public-key", f"{site.key}.pub"],
        capture_output=True,
        text=True,
        check=False,
    )
    offline = time.perf_counter() - begun
    assert done.returncode == 0, done.stdout + done.stderr
    # ru_maxrss of children: the largest of them, in KB
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    assert in_database <= 30 + 5, "with the start of Odoo"
    assert offline <= 5
    assert memory < 300
