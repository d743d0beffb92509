"""AT-19: migrations of very many rows, as Odoo runs them when it upgrades a module."""

import hashlib
from statistics import median

import pytest

PATIENCE = 120
NAME = "mfg_test_migration"
MANIFEST = """{{
    "name": "Migration of a test",
    "version": "17.0.{version}",
    "license": "LGPL-3",
    "author": "Test",
    "depends": ["mfg_audit_trail", "stock"],
}}
"""
SCRIPT = """
import os
import time

from odoo.addons.mfg_audit_trail.engine import bulk


def migrate(cr, version):
"""
MIGRATION = """
    with bulk.summarized(cr, "res_bank", "Cities of 1.1"):
        cr.execute("UPDATE res_bank SET city = 'York'")
        cr.execute("UPDATE res_bank SET city = 'Hull' WHERE id < 0")
        cr.execute("INSERT INTO res_bank (name) VALUES ('Later'), ('Last')")
        cr.execute("DELETE FROM res_bank WHERE name = 'Last'")
    cr.execute("UPDATE res_bank SET bic = 'LATER' WHERE name = 'Later'")
"""
SURVIVED = """
    try:
        with bulk.summarized(cr, "res_bank", "A mistake of the script"):
            raise ValueError
    except ValueError:
        cr.execute("UPDATE res_bank SET city = 'Hull' WHERE bic = 'FIRST'")
    try:
        with cr.savepoint(), bulk.summarized(cr, "res_bank", "One of the database"):
            cr.execute("UPDATE res_bank SET id = 1 / 0", log_exceptions=False)
    except Exception:
        cr.execute("UPDATE res_bank SET city = 'Bath' WHERE bic = 'FIRST'")
"""
KILLED = """
    with bulk.summarized(cr, "res_bank", "Killed"):
        cr.execute("UPDATE res_bank SET city = 'Ely'")
        cr.commit()
        os._exit(9)
"""
MEASURED = """
    begun = time.monotonic()
    with bulk.summarized(cr, "stock_move", "Measured"):
        cr.execute("UPDATE stock_move SET origin = %s", [version])
    cr.execute("INSERT INTO mfg_test_times VALUES (%s)", [time.monotonic() - begun])
"""
ROWS = """
    SELECT record_send(b), (SELECT redaction_key FROM mfg_audit.log)
      FROM res_bank b WHERE name <> 'Later' ORDER BY id
"""
EVENTS = """
    SELECT op::text, old, new FROM mfg_audit.event
     WHERE tbl = 'res_bank' AND id > %s ORDER BY id
"""
ONE_BY_ONE = """
from odoo.addons.mfg_audit_trail.engine import bulk

try:
    with bulk.summarized(env.cr, "res_bank", "Nobody looks"):
        env.cr.execute("UPDATE res_bank SET city = 'Rome'")
except bulk.BulkError as error:
    env["ir.config_parameter"].set_param("mfg_test.refused", str(error))
    env.cr.commit()
"""
MOVES = """
    DO $do$
    DECLARE
        names text := (
            SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute
             WHERE attrelid = 'stock_move'::regclass AND attnum > 0
                   AND NOT attisdropped AND attname <> 'id');
    BEGIN
        EXECUTE format(
            'INSERT INTO stock_move (%1$s) SELECT %1$s FROM generate_series(1, 1000000),
                 (SELECT * FROM stock_move ORDER BY id LIMIT 1) AS one', names);
    END
    $do$
"""
RULE = """
rule = env["mfg.audit.rule"].with_context(active_test=False).search(
    [("model", "=", "stock.move"), ("profile_id", "=", False)]
) or env["mfg.audit.rule"].create({"model_id": env["ir.model"]._get_id("stock.move")})
rule.active = %s
env.cr.commit()
"""


class Migration:
    """An add-on of a customer whose next versions change very many rows."""

    def __init__(self, site, folder):
        self._site, self._folder = site, folder / NAME
        self._version = 0
        (self._folder / "migrations").mkdir(parents=True)
        (self._folder / "__init__.py").touch()
        own = site.lab.workspace.odoo.addons_path()
        site.options["addons_path"] = f"{own},{folder}"
        assert self._load("-i", "1.0.0") == 0

    def run(self, script):
        """Upgrade to the next version, with this script; return Odoo's exit code."""
        version = f"1.{self._version + 1}.0"
        folder = self._folder / "migrations" / f"17.0.{version}"
        folder.mkdir(exist_ok=True)  # the former upgrade failed
        (folder / "post-migrate.py").write_text(SCRIPT + script)
        code = self._load("-u", version)
        self._version += code == 0
        return code

    def _load(self, option, version):
        text = MANIFEST.format(version=version)
        (self._folder / "__manifest__.py").write_text(text)
        arguments = [option, NAME, "--stop-after-init", "--no-http"]
        service = self._site.lab.start_odoo("odoo", self._site.conf(), *arguments)
        return service.process.wait(10 * PATIENCE)


@pytest.fixture
def migration(site, tmp_path):
    return Migration(site, tmp_path / "addons")


def test_at_19_bulk_migration_is_recorded_by_its_statements(site, migration):
    before, banks = site.last(), site.query("SELECT COUNT(*) FROM res_bank")[0][0]

    assert migration.run(MIGRATION) == 0

    begins, updated, inserted, deleted, ends, after = site.query(EVENTS, [before])
    rows, statements = {"capture": "rows"}, {"capture": "statements"}
    assert begins == ("C", rows, {**statements, "reason": "Cities of 1.1"})
    assert ends == ("C", statements, rows)
    assert after[0] == "U" and after[2]["bic"] == "LATER", "rows are recorded again"
    told = [
        (op, new["statement"], new["rows"])
        for op, _old, new in (updated, inserted, deleted)
    ]
    assert told == [
        ("B", "UPDATE", str(banks)),
        ("B", "INSERT", "2"),
        ("B", "DELETE", "1"),
    ]
    expected = b""
    for row, key in site.query(ROWS):
        of_row = hashlib.sha256(bytes(key) + bytes(row)).digest()
        expected = hashlib.sha256(expected + of_row).digest()
    assert updated[2]["sha256"] == expected.hex(), (
        "anybody can say which rows these were"
    )
    assert site.run("seal")[0] == 0
    code, text = site.run("verify")
    assert code == 0, text


def test_at_19_bulk_migration_that_goes_wrong_leaves_rows_recorded(site, migration):
    before = site.last()

    assert migration.run(SURVIVED) == 0

    assert [op for op, _old, _new in site.query(EVENTS, [before])] == list("CCUU")
    assert site.run("verify")[0] == 0
    before = site.last()

    assert migration.run(KILLED) == 9
    assert site.run("verify")[0] == 1, "its table is not captured by rows"

    assert migration.run("    pass") == 0
    site.query("UPDATE res_bank SET city = 'Hull' WHERE bic = 'FIRST'")
    found = [op for op, _old, _new in site.query(EVENTS, [before])]
    assert found == list("CBGU"), "the next load captures rows again, and tells the gap"


def test_at_19_bulk_is_refused_to_a_running_system(site):
    before = site.last()

    assert site.lab.script(site.database, ONE_BY_ONE) == []

    ((refused,),) = site.query(
        "SELECT value FROM ir_config_parameter WHERE key = 'mfg_test.refused'"
    )
    assert "res_bank" in refused and "migration script" in refused
    assert site.query(EVENTS, [before]) == []
    assert site.query("SELECT COUNT(*) FROM res_bank WHERE city = 'Rome'") == [(0,)]


@pytest.mark.long
def test_at_19_million_rows_in_bulk_cost_little_more(quiet, site, migration):
    site.query("CREATE TABLE mfg_test_times (seconds float8)")
    site.query(MOVES)
    seconds = {False: [], True: []}
    for captured in (False, True) * 3:
        assert site.lab.script(site.database, RULE % captured) == []
        site.query("VACUUM ANALYZE stock_move")
        assert migration.run(MEASURED) == 0
        seconds[captured] += site.query("DELETE FROM mfg_test_times RETURNING seconds")[
            0
        ]
    plain, summed = median(seconds[False]), median(seconds[True])
    print(f"a million rows: {plain:.1f} s, in bulk {summed:.1f} s, {seconds}")
    if quiet:
        assert summed <= 1.15 * plain
