"""The audit trail: what capture costs, how long proof takes, OCA's auditlog beside it."""

import json
import subprocess
import time
from statistics import median

from audit_scripts import FILL, PRELUDE, PREPARE, PROOF, ROWS, SWITCH_ON, TURN
from auditlog_peer import open_peer

from tests.support.emitter import Emitter
from tests.support.new_trail import begin_anew

UNINSTALL = """
module = env["ir.module.module"].search([("name", "=", "mfg_audit_trail")])
module.button_immediate_uninstall()
"""
OPTIONS = {"mfg_audit_key": "a long random text of this laboratory"}
EVENTS_PER_TRANSACTION = 10
MILLION = 1_000_000
#: below this share (per cent) our own overhead is noise
FLOOR = 1.0


def run(quick, lab):
    """Manufacturing orders and single writes with and without capture, in turns, by CPU of
    Odoo and PostgreSQL; then seal, file, verify and export a million events.

    Figures: ``*_overhead_pct`` medians over neighbouring turns; ``event_us``,
    ``transaction_us`` what one event and one transaction cost the database; ``*_1m_s`` a
    million events (the short form does a twentieth and multiplies); ``verify_offline_mb`` the most
    memory the offline verifier took; ``timeline_ms`` one record's timeline among them.
    Ratios: ``mo_overhead_vs_oca`` OCA's overhead divided by the larger of ours and 1 %.
    """
    figures, ratios = _overhead(quick, lab)
    figures |= _proof(lab, MILLION // 20 if quick else MILLION)
    return {"figures": figures, "ratios": ratios}


def _overhead(quick, lab):
    plain, ours = lab.database("plain"), lab.database("ours")
    for each in (plain, ours):
        # The demo group's own trail is not what is measured, and one person alone could not
        # uninstall it.
        begin_anew(lab, each)
    lab.script(plain, UNINSTALL)
    theirs = lab.copy(plain, "auditlog")
    peers = {
        "plain": Emitter(lab, plain),
        "ours": Emitter(lab, ours, lab.conf(ours, **OPTIONS)),
    }
    try:
        models = peers["ours"].run(SWITCH_ON)["result"]
        peers["theirs"] = open_peer(lab, theirs, models)
        for peer in peers.values():
            peer.run(PRELUDE + PREPARE)
        turn = f"ORDERS, RECORDS = {2 if quick else 4}, {10 if quick else 30}\n"
        pairs, with_theirs = (3, 1) if quick else (15, 5)
        rows = []
        for number in range(pairs + 1):
            names = ["plain", "ours"]
            if number % 2:  # whoever comes second finds warmer caches
                names.reverse()
            if number <= with_theirs:
                names.append("theirs")
            rows.append(
                {
                    name: peers[name].run(turn + PRELUDE + TURN)["result"]
                    for name in names
                }
            )
        del rows[0]  # the first turn fills caches
        costs = peers["ours"].run(PRELUDE + ROWS)["result"]
    finally:
        for peer in peers.values():
            peer.close()
    overhead = _percent(rows, "mo", "ours")
    figures = {
        f"{step}_overhead_pct": _percent(rows, step, "ours")
        for step in ("mo", "write", "create", "unlink")
    }
    return figures | costs, {
        "mo_overhead_vs_oca": _percent(rows, "mo", "theirs") / max(overhead, FLOOR)
    }


def _percent(rows, step, name):
    return 100 * median(
        row[name][step] / row["plain"][step] - 1 for row in rows if name in row
    )


def _proof(lab, events):
    database = lab.database("proof")
    begin_anew(lab, database)
    key = lab.folder / "audit.key"
    keygen = lab.start_odoo(
        "keygen", lab.conf(database), "mfg_audit", "keygen", "--file", str(key)
    )
    assert keygen.process.wait(120) == 0, keygen.tail()
    connection = lab.connect(database)
    with connection.cursor() as cursor:
        cursor.execute(FILL, {"transactions": events // EVENTS_PER_TRANSACTION})
    connection.close()
    answer, file = lab.folder / "proof.json", lab.folder / "export.jsonl.gz"
    settings = f"""
from odoo.tools import config
config["mfg_audit_signing_key"] = {str(key)!r}
FILE, ANSWER = {str(file)!r}, {str(answer)!r}
"""
    lab.script(database, settings + PROOF)
    seconds = json.loads(answer.read_text(encoding="utf-8"))
    offline, memory = _offline(lab, file, f"{key}.pub")
    scale = MILLION / events
    return {
        "seal_1m_s": seconds["seal"] * scale,
        "file_1m_s": seconds["file"] * scale,
        "verify_1m_s": seconds["verify"] * scale,
        "export_1m_s": seconds["export"] * scale,
        "verify_offline_1m_s": offline * scale,
        "verify_offline_mb": memory,
        "timeline_ms": seconds["timeline"] * 1000,
    }


def _offline(lab, file, public):
    """(seconds, MB) of the verifier, as an auditor runs it."""
    program = lab.root / "addons/mfg_audit_trail/offline/mfg_audit_verify.py"
    begun = time.perf_counter()
    done = subprocess.run(
        [lab.python, "-c", _MEASURED, str(program), str(file), "--public-key", public],
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - begun
    assert done.returncode == 0, done.stdout + done.stderr
    return seconds, int(done.stdout.splitlines()[-1]) / 1024


_MEASURED = """
import resource, runpy, sys
sys.argv = sys.argv[1:]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
except SystemExit as end:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    raise
"""
