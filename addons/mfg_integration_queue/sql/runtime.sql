-- Runtime tables of the integration queue. Executed by mfg.integration.event.init() at
-- install and at every update, so every statement must be repeatable.
--
-- Three places on purpose: events never change (a change data capture connector may
-- read them as they are), unfinished deliveries live in one small hot table, finished
-- ones and their attempts in monthly partitions that retention drops.
-- Timestamps are UTC without time zone, as everywhere in Odoo.

CREATE SEQUENCE IF NOT EXISTS mfg_integration_event_id_seq AS bigint;
CREATE TABLE IF NOT EXISTS mfg_integration_event (
    id bigint NOT NULL DEFAULT nextval('mfg_integration_event_id_seq'),
    uuid uuid NOT NULL DEFAULT gen_random_uuid(),
    aggregatetype varchar NOT NULL,
    aggregateid varchar NOT NULL,
    type varchar NOT NULL,
    subject varchar,
    payload jsonb NOT NULL,
    payload_sha256 char(64) NOT NULL,
    keys jsonb,
    interface_id integer NOT NULL,
    interface_version_id integer NOT NULL,
    company_id integer NOT NULL,
    user_id integer,
    res_model varchar,
    res_id integer,
    traceparent varchar,
    occurred_at timestamp NOT NULL DEFAULT timezone('UTC', clock_timestamp()),
    created_at timestamp NOT NULL DEFAULT timezone('UTC', now()),
    tx xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);
ALTER SEQUENCE mfg_integration_event_id_seq OWNED BY mfg_integration_event.id;
CREATE INDEX IF NOT EXISTS mfg_integration_event_uuid_idx ON mfg_integration_event (uuid);
CREATE INDEX IF NOT EXISTS mfg_integration_event_record_idx ON mfg_integration_event (res_model, res_id);
CREATE INDEX IF NOT EXISTS mfg_integration_event_keys_idx ON mfg_integration_event USING gin (keys jsonb_path_ops)
    WHERE keys IS NOT NULL;

-- Only unfinished deliveries. Deliveries leave this table by DELETE, which keeps it
-- small; fillfactor leaves room for HOT updates of the retry columns.
CREATE TABLE IF NOT EXISTS mfg_integration_delivery (
    id bigserial PRIMARY KEY,
    event_id bigint NOT NULL,
    event_at timestamp NOT NULL,
    interface_id integer NOT NULL,
    endpoint_id integer NOT NULL,
    company_id integer NOT NULL,
    part smallint NOT NULL,
    lane varchar NOT NULL,
    class smallint NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    crashes smallint NOT NULL DEFAULT 0,
    next_at timestamp,
    dead_id integer,
    deadline_at timestamp,
    due_at timestamp,
    created_at timestamp NOT NULL DEFAULT timezone('UTC', clock_timestamp()),
    first_attempt_at timestamp,
    last_error_code varchar,
    last_status smallint
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX IF NOT EXISTS mfg_integration_delivery_lane_idx ON mfg_integration_delivery (endpoint_id, lane, id);
CREATE INDEX IF NOT EXISTS mfg_integration_delivery_retry_idx ON mfg_integration_delivery (endpoint_id, next_at) WHERE next_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS mfg_integration_delivery_event_idx ON mfg_integration_delivery (event_id);

-- since 17.0.1.1.0: when the service level wants it delivered
ALTER TABLE mfg_integration_delivery ADD COLUMN IF NOT EXISTS due_at timestamp;
-- since 17.0.1.1.0: each latency class is read by itself, and late commits are found by
-- their transaction. A transaction has its number before it draws an id, whoever inserts:
-- a reader who sees an id also sees the transactions that drew a lower one, as open ones.
ALTER TABLE mfg_integration_delivery
    ADD COLUMN IF NOT EXISTS tx xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE mfg_integration_delivery ALTER COLUMN id SET DEFAULT
    CASE WHEN pg_current_xact_id() IS NOT NULL THEN nextval('mfg_integration_delivery_id_seq') END;
DROP INDEX IF EXISTS mfg_integration_delivery_part_idx;
CREATE INDEX IF NOT EXISTS mfg_integration_delivery_stream_idx ON mfg_integration_delivery (endpoint_id, part, class, id);
CREATE INDEX IF NOT EXISTS mfg_integration_delivery_tx_idx ON mfg_integration_delivery (tx);

CREATE TABLE IF NOT EXISTS mfg_integration_delivery_log (
    id bigint NOT NULL,
    event_id bigint NOT NULL,
    event_at timestamp NOT NULL,
    interface_id integer NOT NULL,
    endpoint_id integer NOT NULL,
    company_id integer NOT NULL,
    lane varchar NOT NULL,
    class smallint NOT NULL,
    outcome varchar NOT NULL CHECK (outcome IN ('delivered', 'dead', 'cancelled')),
    attempts integer NOT NULL,
    created_at timestamp NOT NULL,
    due_at timestamp,
    first_attempt_at timestamp,
    finished_at timestamp NOT NULL DEFAULT timezone('UTC', clock_timestamp()),
    latency_ms integer,
    last_error_code varchar,
    last_status smallint,
    PRIMARY KEY (id, finished_at)
) PARTITION BY RANGE (finished_at);
ALTER TABLE mfg_integration_delivery_log ADD COLUMN IF NOT EXISTS due_at timestamp;
CREATE INDEX IF NOT EXISTS mfg_integration_delivery_log_event_idx ON mfg_integration_delivery_log (event_id);
-- rows come in the order of time: a few bytes per range of pages find the last minutes
CREATE INDEX IF NOT EXISTS mfg_integration_delivery_log_finished_idx
    ON mfg_integration_delivery_log USING brin (finished_at);

CREATE TABLE IF NOT EXISTS mfg_integration_attempt (
    id bigserial NOT NULL,
    delivery_id bigint NOT NULL,
    event_id bigint NOT NULL,
    endpoint_id integer NOT NULL,
    company_id integer NOT NULL,
    attempt_no integer NOT NULL,
    started_at timestamp NOT NULL,
    duration_ms integer NOT NULL,
    status smallint,
    error_code varchar,
    excerpt varchar,
    worker varchar NOT NULL,
    secret_id integer,
    interface_id integer,
    recorded_at timestamp DEFAULT timezone('UTC', clock_timestamp()),
    PRIMARY KEY (id, started_at)
) PARTITION BY RANGE (started_at);
CREATE INDEX IF NOT EXISTS mfg_integration_attempt_delivery_idx ON mfg_integration_attempt (delivery_id);
-- since 17.0.1.1.0; what was there before stays uncounted
ALTER TABLE mfg_integration_attempt ADD COLUMN IF NOT EXISTS interface_id integer;
ALTER TABLE mfg_integration_attempt ADD COLUMN IF NOT EXISTS recorded_at timestamp;
ALTER TABLE mfg_integration_attempt
    ALTER COLUMN recorded_at SET DEFAULT timezone('UTC', clock_timestamp());
CREATE INDEX IF NOT EXISTS mfg_integration_attempt_recorded_idx
    ON mfg_integration_attempt USING brin (recorded_at);

-- One row per living worker. Liveness itself is an advisory lock: a heartbeat can be
-- late, a lost lock cannot.
CREATE TABLE IF NOT EXISTS mfg_integration_worker (
    id serial PRIMARY KEY,
    name varchar NOT NULL,
    mode varchar NOT NULL CHECK (mode IN ('worker', 'cron')),
    host varchar NOT NULL,
    pid integer NOT NULL,
    version varchar NOT NULL,
    started_at timestamp NOT NULL DEFAULT timezone('UTC', clock_timestamp()),
    heartbeat_at timestamp NOT NULL DEFAULT timezone('UTC', clock_timestamp()),
    partitions integer NOT NULL DEFAULT 0
);

-- since 17.0.1.1.0: seconds the worker's clock is ahead of the database's
ALTER TABLE mfg_integration_worker ADD COLUMN IF NOT EXISTS clock_skew float8 NOT NULL DEFAULT 0;

-- since 17.0.1.1.0: what each worker has on the wire, apart from the row that others read
-- all the time. Written at every hand-over, by row address and without any index: while an
-- old snapshot is held, every version of a row stays, and an index would find them all.
ALTER TABLE mfg_integration_worker DROP COLUMN IF EXISTS inflight;
CREATE TABLE IF NOT EXISTS mfg_integration_worker_wire (
    worker_id integer NOT NULL,
    inflight bigint[] NOT NULL DEFAULT '{}'
) WITH (fillfactor = 50);
