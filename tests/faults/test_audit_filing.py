"""Filing sealed events: killed in the middle of it, and a log that knew nothing of it."""

from tests.support.audit_site import PATIENCE
from tests.support.waiting import wait_for

LOG = "SELECT id, mfg_audit.line(e) FROM mfg_audit.event e ORDER BY id"
FRESH = "SELECT COUNT(*) FROM mfg_audit.event WHERE fresh"
LOCKS = """
    SELECT granted FROM pg_locks JOIN pg_database d ON d.oid = database
     WHERE locktype = 'advisory' AND d.datname = current_database()
"""
#: whoever files a second event of a transaction waits for us
STOP = """
CREATE FUNCTION mfg_audit.stop() RETURNS trigger LANGUAGE plpgsql AS $fn$
BEGIN
    IF NEW.n = 2 THEN
        PERFORM pg_advisory_xact_lock(42);
    END IF;
    RETURN NEW;
END
$fn$;
CREATE TRIGGER stop BEFORE INSERT ON mfg_audit.event_filed
    FOR EACH ROW EXECUTE FUNCTION mfg_audit.stop();
SELECT pg_advisory_lock(42);
"""
#: the tables as they were before events were filed, with one transaction that waits
BEFORE = """
UPDATE mfg_audit.event SET fresh = false WHERE fresh;
CREATE TABLE mfg_audit.pending (
    cluster smallint NOT NULL, xid bigint NOT NULL, PRIMARY KEY (cluster, xid));
INSERT INTO mfg_audit.pending SELECT cluster, xid FROM mfg_audit.tx WHERE fresh;
UPDATE mfg_audit.tx SET fresh = false WHERE fresh;
DO $do$
DECLARE
    definitions text[] := ARRAY(
        SELECT pg_get_functiondef(oid) FROM pg_proc
         WHERE pronamespace = 'mfg_audit'::regnamespace
               AND proname IN ('line', 'leaf', 'append'));
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['event', 'tx'] LOOP
        EXECUTE format(
            'ALTER TABLE mfg_audit.%1$I DETACH PARTITION mfg_audit.%1$s_filed', name);
        EXECUTE format('DROP TABLE mfg_audit.%I CASCADE', name);
        EXECUTE format('ALTER TABLE mfg_audit.%I_filed DROP COLUMN fresh', name);
        EXECUTE format('ALTER TABLE mfg_audit.%1$s_filed RENAME TO %1$I', name);
        EXECUTE format(
            'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON mfg_audit.%I
                 FOR EACH ROW EXECUTE FUNCTION mfg_audit.refuse()', name);
    END LOOP;
    CREATE CONSTRAINT TRIGGER receipt AFTER INSERT ON mfg_audit.tx
        DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION mfg_audit.receipt();
    FOREACH name IN ARRAY definitions LOOP
        EXECUTE name;
    END LOOP;
END
$do$;
"""
UPGRADE = "env['mfg.audit.rule'].init(); env.cr.commit()"


def change_banks(site, city):
    site.query("UPDATE res_bank SET city = %s", [city])


def test_at_40_killed_while_it_files(site):
    site.query("INSERT INTO res_bank (name) VALUES ('Second'), ('Third')")
    change_banks(site, "York")
    before = site.query(LOG)
    site.query(STOP)
    service = site.lab.start_odoo(
        "filing", site.conf(), "mfg_audit", "seal", "-d", site.database
    )
    service.wait_until(lambda: (False,) in site.query(LOCKS), PATIENCE)

    service.process.kill()
    service.process.wait()
    site.query("SELECT pg_advisory_unlock(42)")

    wait_for(
        lambda: not site.query(LOCKS),
        PATIENCE,
        "the server notices that nobody is there any more",
    )
    assert site.query(LOG) == before, "each event is there once"
    assert site.query(FRESH)[0][0] > 0
    assert site.query("SELECT COUNT(*) FROM mfg_audit.tx WHERE fresh") == [(0,)]
    site.query("DROP FUNCTION mfg_audit.stop() CASCADE")

    assert site.run("seal")[0] == 0, "whoever comes next goes on"

    assert site.query(FRESH) == [(0,)]
    assert site.query(LOG) == before
    code, text = site.run("verify")
    assert code == 0, text


def test_at_19_log_of_the_version_before(site):
    change_banks(site, "York")
    assert site.run("seal")[0] == 0
    change_banks(site, "Hull")
    before = site.query(LOG)
    site.query(BEFORE)

    assert site.lab.script(site.database, UPGRADE) == []

    assert site.query(LOG) == before
    assert site.query("SELECT COUNT(*) FROM mfg_audit.tx WHERE fresh") != [(0,)]
    change_banks(site, "Bath")
    assert site.query(FRESH)[0][0] > 0, "written as by this version"
    assert site.run("seal")[0] == 0
    code, text = site.run("verify")
    assert code == 0, text
    assert site.query(FRESH) == [(0,)]
    assert site.query(LOG)[: len(before)] == before
    assert site.lab.script(site.database, UPGRADE) == [], (
        "a second time changes nothing"
    )
