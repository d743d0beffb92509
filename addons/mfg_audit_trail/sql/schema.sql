-- What PostgreSQL does for the audit trail: capture, append-only tables, receipts.
-- @hstore@ stands for the schema the extension hstore lives in.
-- Idempotent, and once all is there it takes no lock that capture would wait for: Odoo runs
-- it with upgrades of other modules, too, and goes on with other connections before it
-- commits.

CREATE SCHEMA IF NOT EXISTS mfg_audit;
CREATE EXTENSION IF NOT EXISTS hstore SCHEMA mfg_audit;

-- One row: which log this is, and the key that makes equal secrets recognisable in it.
CREATE TABLE IF NOT EXISTS mfg_audit.log (
    origin text PRIMARY KEY,
    redaction_key bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Transaction numbers start again after a dump and restore, so they count per cluster.
CREATE TABLE IF NOT EXISTS mfg_audit.cluster (
    id smallint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    system_identifier text NOT NULL,
    database_oid oid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (system_identifier, database_oid)
);

-- What is captured. By oid: a table that only has the name of a registered one is refused.
CREATE TABLE IF NOT EXISTS mfg_audit.relation (
    oid regclass PRIMARY KEY,
    name text NOT NULL UNIQUE,
    -- of which model it is the table; NULL for the pairs of a many2many field
    model text,
    active boolean NOT NULL,
    class text NOT NULL,
    operations text NOT NULL,
    ignored text[] NOT NULL,
    secret text[] NOT NULL,
    -- columns that point to other records, and the tables of those, side by side
    link_columns text[] NOT NULL,
    link_tables text[] NOT NULL,
    -- for tables that belong to records of any model: the column with the model's name, and
    -- that with the id, or with both as 'model,id'; and which models are of interest
    model_column text,
    record_column text,
    models text[],
    companies integer[],
    -- where the company of a row stands that has none (yet) itself: the column that points
    -- to the other row, its table, and the column there
    company_path text[]
);

-- What a captured table looked like when it was last known to be in order: its triggers (a
-- trigger that is switched off and on again gets another xmin), its columns, and the first
-- event that could be about it.
CREATE TABLE IF NOT EXISTS mfg_audit.baseline (
    name text PRIMARY KEY,
    triggers text NOT NULL,
    columns jsonb NOT NULL,
    since bigint NOT NULL
);

CREATE OR REPLACE FUNCTION mfg_audit.is_capturing() RETURNS boolean LANGUAGE sql STABLE
AS $fn$ SELECT EXISTS (SELECT FROM mfg_audit.relation WHERE active) $fn$;

-- An event is born into a table that costs next to nothing to write to, and filed into the
-- indexed one of its class and month once it is sealed. Whoever reads reads the parent of both.
CREATE SEQUENCE IF NOT EXISTS mfg_audit.event_id_seq AS bigint;
CREATE TABLE IF NOT EXISTS mfg_audit.event (
    id bigint NOT NULL DEFAULT nextval('mfg_audit.event_id_seq'),
    class text NOT NULL,
    ts timestamptz NOT NULL DEFAULT clock_timestamp(),
    cluster smallint NOT NULL,
    xid bigint NOT NULL,
    n integer NOT NULL,
    tbl text NOT NULL,
    op "char" NOT NULL,
    res_id bigint,
    eff_uid integer,
    company_id integer,
    links text[] NOT NULL,
    reason text,
    old jsonb,
    new jsonb,
    fresh boolean NOT NULL DEFAULT false
) PARTITION BY LIST (fresh);
CREATE TABLE IF NOT EXISTS mfg_audit.event_fresh
    PARTITION OF mfg_audit.event FOR VALUES IN (true);
CREATE TABLE IF NOT EXISTS mfg_audit.event_filed
    PARTITION OF mfg_audit.event FOR VALUES IN (false) PARTITION BY LIST (class);

-- Headers of transactions; a fresh one waits for its seal.
CREATE TABLE IF NOT EXISTS mfg_audit.tx (
    cluster smallint NOT NULL,
    xid bigint NOT NULL,
    ts timestamptz NOT NULL DEFAULT clock_timestamp(),
    context jsonb,
    login_uid integer,
    origin text NOT NULL,
    request text,
    db_user name NOT NULL DEFAULT session_user,
    application text NOT NULL DEFAULT current_setting('application_name'),
    client_addr inet DEFAULT inet_client_addr(),
    backend_pid integer NOT NULL DEFAULT pg_backend_pid(),
    fresh boolean NOT NULL DEFAULT false
) PARTITION BY LIST (fresh);
CREATE TABLE IF NOT EXISTS mfg_audit.tx_fresh
    PARTITION OF mfg_audit.tx FOR VALUES IN (true);
CREATE TABLE IF NOT EXISTS mfg_audit.tx_filed
    PARTITION OF mfg_audit.tx (PRIMARY KEY (cluster, xid)) FOR VALUES IN (false);
CREATE INDEX IF NOT EXISTS tx_ts_idx ON mfg_audit.tx_filed (ts);
CREATE INDEX IF NOT EXISTS tx_login_uid_idx ON mfg_audit.tx_filed (login_uid, ts);
CREATE INDEX IF NOT EXISTS tx_request_idx ON mfg_audit.tx_filed (request);

-- Written at commit; mac is NULL where no entry of Odoo vouches for the transaction.
CREATE TABLE IF NOT EXISTS mfg_audit.receipt (
    cluster smallint NOT NULL,
    xid bigint NOT NULL,
    n integer NOT NULL,
    hash bytea NOT NULL,
    mac bytea,
    PRIMARY KEY (cluster, xid)
);

-- The log over transactions, in the order they were sealed; leaves are the events' hashes.
CREATE TABLE IF NOT EXISTS mfg_audit.seal (
    idx bigint PRIMARY KEY,
    cluster smallint NOT NULL,
    xid bigint NOT NULL,
    n integer NOT NULL,
    leaves bytea NOT NULL,
    leaf bytea NOT NULL,
    sealed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (cluster, xid)
);

-- Signed roots of that log; frontier: the hashes from which the next root is computed.
CREATE TABLE IF NOT EXISTS mfg_audit.checkpoint (
    size bigint PRIMARY KEY,
    root bytea NOT NULL,
    frontier bytea NOT NULL,
    note text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The few by which one key hands over to the next.
CREATE INDEX IF NOT EXISTS checkpoint_handover_idx ON mfg_audit.checkpoint (size)
    WHERE position(E'\nformer-key ' IN note) > 0;

-- Months that were closed, and what each transaction has there instead of here.
CREATE TABLE IF NOT EXISTS mfg_audit.archive (
    id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    class text NOT NULL,
    month date NOT NULL,
    partition text NOT NULL UNIQUE,
    file text NOT NULL,
    sha256 text NOT NULL,
    events bigint NOT NULL,
    first_ts timestamptz NOT NULL,
    last_ts timestamptz NOT NULL,
    manifest text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE IF NOT EXISTS mfg_audit.archived (
    cluster smallint NOT NULL,
    xid bigint NOT NULL,
    archive integer NOT NULL,
    positions integer[] NOT NULL,
    PRIMARY KEY (cluster, xid, archive)
);

-- The exact line of the archive; its hash is the leaf of the proof.
-- In PL/pgSQL, which keeps the plan: a function in plain SQL is planned at every call.
CREATE OR REPLACE FUNCTION mfg_audit.line(e mfg_audit.event) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $fn$
BEGIN
    RETURN '{"id":' || e.id || ',"class":"' || e.class
        || '","ts":' || (extract(epoch FROM e.ts) * 1000000)::bigint
        || ',"cluster":' || e.cluster || ',"xid":' || e.xid || ',"n":' || e.n
        || ',"table":' || to_json(e.tbl)::text || ',"op":"' || e.op::text
        || '","record":' || COALESCE(e.res_id::text, 'null')
        || ',"user":' || COALESCE(e.eff_uid::text, 'null')
        || ',"company":' || COALESCE(e.company_id::text, 'null')
        || ',"links":' || array_to_json(e.links)::text
        || ',"reason":' || COALESCE(to_json(e.reason)::text, 'null')
        || ',"old":' || COALESCE(e.old::text, 'null')
        || ',"new":' || COALESCE(e.new::text, 'null') || '}';
END
$fn$;

CREATE OR REPLACE FUNCTION mfg_audit.leaf(e mfg_audit.event) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $fn$
BEGIN
    RETURN sha256('\x00'::bytea || convert_to(mfg_audit.line(e), 'UTF8'));
END
$fn$;

-- The cluster this database runs in; a new row after a restore elsewhere. What PostgreSQL
-- says about itself it reads from a file, which takes longer than all else that a
-- transaction costs; so the answer is kept for as long as the server runs. Where a table
-- lies tells a copy of the database on the same server apart. Nothing but memory.
CREATE TABLE IF NOT EXISTS mfg_audit.server_start (
    started timestamptz NOT NULL,
    place text NOT NULL,
    cluster smallint NOT NULL,
    PRIMARY KEY (started, place)
);
CREATE OR REPLACE FUNCTION mfg_audit.current_cluster() RETURNS smallint
LANGUAGE plpgsql STABLE AS $fn$
DECLARE
    found_id smallint;
BEGIN
    SELECT cluster INTO found_id
      FROM mfg_audit.server_start
     WHERE started = pg_postmaster_start_time()
       AND place = pg_relation_filepath('mfg_audit.log'::regclass);
    IF found_id IS NULL THEN
        SELECT id INTO found_id
          FROM mfg_audit.cluster c, pg_catalog.pg_control_system() s, pg_catalog.pg_database d
         WHERE c.system_identifier = s.system_identifier::text
           AND c.database_oid = d.oid AND d.datname = current_database();
    END IF;
    RETURN found_id;
END
$fn$;

-- Called where nobody waits and nobody can be disturbed: by installation, by the sealer and,
-- of a copy, at the load of a registry.
CREATE OR REPLACE FUNCTION mfg_audit.note_server_start() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mfg_audit, pg_temp AS $fn$
BEGIN
    INSERT INTO mfg_audit.cluster (system_identifier, database_oid)
    SELECT s.system_identifier::text, d.oid
      FROM pg_control_system() s, pg_database d
     WHERE d.datname = current_database() AND mfg_audit.current_cluster() IS NULL
        ON CONFLICT DO NOTHING;
    INSERT INTO mfg_audit.server_start (started, place, cluster)
    SELECT pg_postmaster_start_time(), here.place, mfg_audit.current_cluster()
      FROM (SELECT pg_relation_filepath('mfg_audit.log'::regclass) AS place) AS here
     WHERE NOT EXISTS (SELECT FROM mfg_audit.server_start known
                        WHERE known.started = pg_postmaster_start_time()
                          AND known.place = here.place)
        ON CONFLICT DO NOTHING;
END
$fn$;

-- The header of a transaction. One statement: each costs its own preparation once per
-- transaction, which is most of what a short one pays.
CREATE OR REPLACE FUNCTION mfg_audit.open_transaction(number bigint) RETURNS smallint
LANGUAGE plpgsql AS $fn$
DECLARE
    ctx jsonb := nullif(current_setting('mfg_audit.context', true), '');
    found_id smallint;
BEGIN
    INSERT INTO mfg_audit.tx_fresh
           (fresh, cluster, xid, context, login_uid, origin, request)
    SELECT true, s.cluster, number, ctx, (ctx->>'uid')::integer,
           COALESCE(ctx->>'origin', 'sql'), ctx->>'request'
      FROM mfg_audit.server_start s
     WHERE s.started = pg_postmaster_start_time()
       AND s.place = pg_relation_filepath('mfg_audit.log'::regclass)
 RETURNING cluster INTO found_id;
    IF found_id IS NULL THEN
        found_id := mfg_audit.current_cluster();
        IF found_id IS NULL THEN
            -- a copy of the database that no Odoo has loaded yet
            PERFORM mfg_audit.note_server_start();
            RETURN mfg_audit.open_transaction(number);
        END IF;
        -- The first ones since the server was started. What the sealer will note is not
        -- noted here: others, such as what the same request observes, would wait for it.
        INSERT INTO mfg_audit.tx_fresh
               (fresh, cluster, xid, context, login_uid, origin, request)
        VALUES (true, found_id, number, ctx, (ctx->>'uid')::integer,
                COALESCE(ctx->>'origin', 'sql'), ctx->>'request');
    END IF;
    RETURN found_id;
END
$fn$;

-- Appends one event, the transaction's header before its first one, and goes on with the
-- running hash. The hash lives in a setting of the transaction, which PostgreSQL takes back
-- with a savepoint, so it is always about the events that are there.
CREATE OR REPLACE FUNCTION mfg_audit.append(e mfg_audit.event) RETURNS void
LANGUAGE plpgsql AS $fn$
DECLARE
    running text := nullif(current_setting('mfg_audit.running', true), '');
BEGIN
    e.id := nextval('mfg_audit.event_id_seq');
    e.ts := clock_timestamp();
    e.xid := pg_current_xact_id()::text::bigint;
    IF running IS NULL THEN
        e.cluster := mfg_audit.open_transaction(e.xid);
        e.n := 1;
        running := '';
    ELSE
        e.cluster := split_part(running, ':', 1)::smallint;
        e.n := split_part(running, ':', 2)::integer + 1;
        running := split_part(running, ':', 3);
    END IF;
    e.reason := nullif(current_setting('mfg_audit.reason', true), '');
    INSERT INTO mfg_audit.event_fresh
           (fresh, id, class, ts, cluster, xid, n, tbl, op, res_id, eff_uid, company_id,
            links, reason, old, new)
    VALUES (true, e.id, e.class, e.ts, e.cluster, e.xid, e.n, e.tbl, e.op, e.res_id, e.eff_uid,
            e.company_id, e.links, e.reason, e.old, e.new);
    -- assigned, not PERFORMed: PL/pgSQL then evaluates it without an executor of its own
    running := set_config(
        'mfg_audit.running',
        e.cluster || ':' || e.n || ':' || encode(sha256(
            decode(running, 'hex')
            || sha256('\x00'::bytea || convert_to(mfg_audit.line(e), 'UTF8'))), 'hex'),
        true);
END
$fn$;

-- At the end of a transaction: what it recorded, under the key its entry was given.
CREATE OR REPLACE FUNCTION mfg_audit.receipt() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mfg_audit, pg_temp AS $fn$
DECLARE
    running text[] := string_to_array(current_setting('mfg_audit.running', true), ':');
    pads text[] := string_to_array(current_setting('mfg_audit.key', true), ':');
    message bytea;
    mac bytea;
BEGIN
    IF pads[2] IS NOT NULL THEN
        message := convert_to(
            NEW.cluster || '|' || NEW.xid || '|' || running[2] || '|' || running[3] || '|'
            || COALESCE(NEW.context::text, ''), 'UTF8');
        mac := sha256(decode(pads[2], 'hex') || sha256(decode(pads[1], 'hex') || message));
    END IF;
    INSERT INTO mfg_audit.receipt (cluster, xid, n, hash, mac)
    VALUES (NEW.cluster, NEW.xid, running[2]::integer, decode(running[3], 'hex'), mac);
    RETURN NULL;
END
$fn$;
DO $do$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_trigger
                    WHERE tgrelid = 'mfg_audit.tx_fresh'::regclass AND tgname = 'receipt') THEN
        CREATE CONSTRAINT TRIGGER receipt AFTER INSERT ON mfg_audit.tx_fresh
            DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION mfg_audit.receipt();
        ALTER TABLE mfg_audit.tx_fresh ENABLE ALWAYS TRIGGER receipt;
    END IF;
END
$do$;

-- A row as the log writes its values, to compare the two.
CREATE OR REPLACE FUNCTION mfg_audit.row_texts(r anyelement) RETURNS jsonb
LANGUAGE sql STABLE AS $fn$ SELECT @hstore@.hstore_to_jsonb(@hstore@.hstore(r)) $fn$;

-- The row trigger of every captured relation.
CREATE OR REPLACE FUNCTION mfg_audit.capture() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, mfg_audit, @hstore@, pg_temp AS $fn$
DECLARE
    rel mfg_audit.relation%ROWTYPE;
    e mfg_audit.event%ROWTYPE;
    was hstore;
    is_now hstore;
    present hstore;
    value text;
    redacted hstore;
    target text;
BEGIN
    SELECT * INTO rel FROM mfg_audit.relation WHERE oid = TG_RELID AND active;
    IF NOT FOUND OR position(left(TG_OP, 1) IN rel.operations) = 0 THEN
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        was := hstore(OLD);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        is_now := hstore(NEW);
    END IF;
    present := COALESCE(is_now, was);
    IF rel.model_column IS NOT NULL AND NOT (present -> rel.model_column) = ANY (rel.models) THEN
        RETURN NULL;
    END IF;
    e.company_id := (present -> 'company_id')::integer;
    IF e.company_id IS NULL AND rel.company_path IS NOT NULL THEN
        -- Odoo fills in what follows from another record after it inserted the row.
        EXECUTE format('SELECT %I FROM %I.%I WHERE id = $1', rel.company_path[3],
                       TG_TABLE_SCHEMA, rel.company_path[2])
           INTO e.company_id USING (present -> rel.company_path[1])::bigint;
    END IF;
    IF rel.companies IS NOT NULL AND NOT e.company_id = ANY (rel.companies) THEN
        RETURN NULL;
    END IF;
    e.eff_uid := (is_now -> 'write_uid')::integer;
    e.res_id := (present -> 'id')::bigint;
    e.links := '{}';
    FOR i IN 1 .. COALESCE(array_length(rel.link_columns, 1), 0) LOOP
        value := present -> rel.link_columns[i];
        IF value IS NOT NULL THEN
            e.links := e.links || (rel.link_tables[i] || ':' || value);
        END IF;
        -- a line that went from one document to another belongs to both
        IF TG_OP = 'UPDATE' AND (was -> rel.link_columns[i]) IS DISTINCT FROM value
           AND was -> rel.link_columns[i] IS NOT NULL THEN
            e.links := e.links || (rel.link_tables[i] || ':' || (was -> rel.link_columns[i]));
        END IF;
    END LOOP;
    IF rel.record_column IS NOT NULL THEN
        target := present -> rel.record_column;
        IF rel.model_column IS NULL THEN
            -- 'model,id' in one column; no value: the default of all records
            IF target IS NULL OR NOT split_part(target, ',', 1) = ANY (rel.models) THEN
                RETURN NULL;
            END IF;
            e.links := e.links || (replace(split_part(target, ',', 1), '.', '_')
                                   || ':' || split_part(target, ',', 2));
        ELSIF target IS NOT NULL THEN
            e.links := e.links || (replace(present -> rel.model_column, '.', '_') || ':' || target);
        END IF;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        is_now := (is_now - was) - rel.ignored;
        IF is_now = ''::hstore THEN
            RETURN NULL;
        END IF;
        was := slice(was, akeys(is_now));
    ELSE
        was := was - rel.ignored;
        is_now := is_now - rel.ignored;
    END IF;
    IF COALESCE(is_now, was) ?| rel.secret THEN
        SELECT hstore(array_agg(key), array_agg(
                   '[redacted ' || left(encode(sha256(
                       (SELECT redaction_key FROM mfg_audit.log LIMIT 1)
                       || convert_to(pair.value, 'UTF8')), 'hex'), 8) || ']'))
          INTO redacted
          FROM each(was) AS pair
         WHERE key = ANY (rel.secret) AND pair.value IS NOT NULL;
        was := was || COALESCE(redacted, '');
        SELECT hstore(array_agg(key), array_agg(
                   '[redacted ' || left(encode(sha256(
                       (SELECT redaction_key FROM mfg_audit.log LIMIT 1)
                       || convert_to(pair.value, 'UTF8')), 'hex'), 8) || ']'))
          INTO redacted
          FROM each(is_now) AS pair
         WHERE key = ANY (rel.secret) AND pair.value IS NOT NULL;
        is_now := is_now || COALESCE(redacted, '');
    END IF;
    e.class := rel.class;
    e.tbl := rel.name;
    e.op := left(TG_OP, 1);
    IF TG_OP = 'UPDATE' THEN
        e.old := hstore_to_jsonb(was);
        e.new := hstore_to_jsonb(is_now);
    ELSE
        -- what is empty needs no line of its own
        e.old := jsonb_strip_nulls(hstore_to_jsonb(was));
        e.new := jsonb_strip_nulls(hstore_to_jsonb(is_now));
    END IF;
    target := mfg_audit.append(e);
    RETURN NULL;
END
$fn$;

CREATE OR REPLACE FUNCTION mfg_audit.capture_truncate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mfg_audit, pg_temp AS $fn$
DECLARE
    rel mfg_audit.relation%ROWTYPE;
    e mfg_audit.event%ROWTYPE;
BEGIN
    SELECT * INTO rel FROM mfg_audit.relation WHERE oid = TG_RELID AND active;
    IF FOUND THEN
        e.class := rel.class;
        e.tbl := rel.name;
        e.op := 'T';
        e.links := '{}';
        PERFORM mfg_audit.append(e);
    END IF;
    RETURN NULL;
END
$fn$;

-- Rows in their order under one hash, without keeping them in memory.
CREATE OR REPLACE FUNCTION mfg_audit.chain(running bytea, row_hash bytea) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE AS $fn$
BEGIN
    RETURN sha256(running || row_hash);
END
$fn$;
CREATE OR REPLACE AGGREGATE mfg_audit.chained(bytea) (
    SFUNC = mfg_audit.chain, STYPE = bytea, INITCOND = ''
);

-- In place of the row trigger while a migration changes very many rows (engine/bulk.py): one
-- event for a statement, with how many rows it was about and a hash of what they are after
-- it, or were before it deleted them. Keyed, so that nobody tries out values of the rows.
CREATE OR REPLACE FUNCTION mfg_audit.capture_bulk() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mfg_audit, pg_temp AS $fn$
DECLARE
    rel mfg_audit.relation%ROWTYPE;
    e mfg_audit.event%ROWTYPE;
    ordered text;
    rows bigint;
    hash bytea;
BEGIN
    SELECT * INTO rel FROM mfg_audit.relation WHERE oid = TG_RELID AND active;
    IF NOT FOUND OR position(left(TG_OP, 1) IN rel.operations) = 0 THEN
        RETURN NULL;
    END IF;
    SELECT CASE WHEN COUNT(*) > 0 THEN 'r.id' ELSE 'record_send(r)' END INTO ordered
      FROM pg_attribute
     WHERE attrelid = TG_RELID AND attname = 'id' AND NOT attisdropped;
    EXECUTE 'SELECT COUNT(*), mfg_audit.chained(sha256($1 || record_send(r)) ORDER BY '
            || ordered || ') FROM changed r'
       INTO rows, hash
      USING (SELECT redaction_key FROM mfg_audit.log LIMIT 1);
    IF rows = 0 THEN
        RETURN NULL;
    END IF;
    e.class := rel.class;
    e.tbl := rel.name;
    e.op := 'B';
    e.links := '{}';
    e.new := jsonb_build_object('statement', TG_OP, 'rows', rows::text,
                                'sha256', encode(hash, 'hex'));
    PERFORM mfg_audit.append(e);
    RETURN NULL;
END
$fn$;

-- Nothing in the log is changed or taken away by a statement; partitions are dropped by the
-- archive, after it has verified its copy. The one change there is: what was fresh is filed,
-- and else stays exactly as it is.
CREATE OR REPLACE FUNCTION mfg_audit.refuse() RETURNS trigger LANGUAGE plpgsql AS $fn$
BEGIN
    RAISE EXCEPTION 'The audit trail is append-only: % of %.% is refused',
        TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$fn$;

-- Puts the guards on a table and its partitions. Filing moves a row from partition to
-- partition, for which triggers of rows see a deletion; so those of statements refuse that.
CREATE OR REPLACE FUNCTION mfg_audit.guard(guarded regclass) RETURNS void
LANGUAGE plpgsql AS $fn$
DECLARE
    part regclass;
    operation text;
BEGIN
    FOR part IN SELECT guarded UNION SELECT relid FROM pg_partition_tree(guarded) LOOP
        FOREACH operation IN ARRAY ARRAY['delete', 'truncate'] LOOP
            IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = part
                              AND tgname = 'append_only_' || operation) THEN
                EXECUTE format(
                    'CREATE TRIGGER append_only_%1$s BEFORE %1$s ON %2$s
                         FOR EACH STATEMENT EXECUTE FUNCTION mfg_audit.refuse()',
                    operation, part);
            END IF;
            EXECUTE format(
                'ALTER TABLE %s ENABLE ALWAYS TRIGGER append_only_%s', part, operation);
        END LOOP;
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER append_only', part);
    END LOOP;
END
$fn$;
DO $do$
DECLARE
    name text;
    same text;
BEGIN
    FOREACH name IN ARRAY ARRAY['event', 'tx', 'receipt', 'seal', 'checkpoint',
                               'archive', 'archived'] LOOP
        IF EXISTS (SELECT FROM pg_trigger WHERE tgname = 'append_only_delete'
                      AND tgrelid = ('mfg_audit.' || name)::regclass) THEN
            CONTINUE;
        END IF;
        SELECT string_agg(format('OLD.%1$I IS NOT DISTINCT FROM NEW.%1$I', attname), ' AND ')
          INTO same
          FROM pg_attribute
         WHERE attrelid = ('mfg_audit.' || name)::regclass AND attnum > 0
               AND attname <> 'fresh' AND name IN ('event', 'tx');
        EXECUTE format('DROP TRIGGER IF EXISTS append_only ON mfg_audit.%I', name);
        EXECUTE format(
            'CREATE TRIGGER append_only BEFORE UPDATE ON mfg_audit.%I FOR EACH ROW
                 %s EXECUTE FUNCTION mfg_audit.refuse()',
            name, 'WHEN (NOT (OLD.fresh AND NOT NEW.fresh AND ' || same || '))');
        PERFORM mfg_audit.guard(('mfg_audit.' || name)::regclass);
    END LOOP;
END
$do$;
