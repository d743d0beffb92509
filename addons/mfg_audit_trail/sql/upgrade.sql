-- A log of a version in which events were written to their place at once: what is there
-- becomes the filed part of it. Does nothing anywhere else.
DO $do$
DECLARE
    name text;
BEGIN
    IF to_regclass('mfg_audit.event') IS NULL
       OR to_regclass('mfg_audit.event_filed') IS NOT NULL THEN
        RETURN;
    END IF;
    -- these know the type of a row by the table, whatever that is called
    DROP FUNCTION mfg_audit.append(mfg_audit.event);
    DROP FUNCTION mfg_audit.leaf(mfg_audit.event);
    DROP FUNCTION mfg_audit.line(mfg_audit.event);
    DROP TRIGGER receipt ON mfg_audit.tx;
    FOREACH name IN ARRAY ARRAY['event', 'tx'] LOOP
        EXECUTE format('DROP TRIGGER append_only ON mfg_audit.%I', name);
        EXECUTE format(
            'ALTER TABLE mfg_audit.%I ADD COLUMN fresh boolean NOT NULL DEFAULT false', name);
        EXECUTE format('ALTER TABLE mfg_audit.%1$I RENAME TO %1$s_filed', name);
        EXECUTE format(
            'CREATE TABLE mfg_audit.%1$I (LIKE mfg_audit.%1$s_filed INCLUDING DEFAULTS)
                 PARTITION BY LIST (fresh)', name);
        EXECUTE format(
            'ALTER TABLE mfg_audit.%1$I
                 ATTACH PARTITION mfg_audit.%1$s_filed FOR VALUES IN (false)', name);
        EXECUTE format(
            'CREATE TABLE mfg_audit.%1$s_fresh
                 PARTITION OF mfg_audit.%1$I FOR VALUES IN (true)', name);
    END LOOP;
    UPDATE mfg_audit.tx t SET fresh = true
      FROM mfg_audit.pending p WHERE p.cluster = t.cluster AND p.xid = t.xid;
    DROP TABLE mfg_audit.pending;
END
$do$;
-- Logs of versions whose tables lack a column.
DO $do$
BEGIN
    IF to_regclass('mfg_audit.relation') IS NOT NULL AND NOT EXISTS (
        SELECT FROM pg_attribute
         WHERE attrelid = to_regclass('mfg_audit.relation') AND attname = 'company_path') THEN
        ALTER TABLE mfg_audit.relation ADD COLUMN company_path text[];
    END IF;
    IF to_regclass('mfg_audit.server_start') IS NOT NULL AND NOT EXISTS (
        SELECT FROM pg_attribute
         WHERE attrelid = to_regclass('mfg_audit.server_start') AND attname = 'place') THEN
        DROP TABLE mfg_audit.server_start;
    END IF;
END
$do$;
