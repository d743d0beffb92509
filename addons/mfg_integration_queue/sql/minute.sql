-- What dashboards and metrics read long after the messages themselves are gone.
-- Executed by mfg.integration.minute.init() at install and at every update, so every
-- statement must be repeatable. How it is filled: engine/minutes.py.

CREATE TABLE IF NOT EXISTS mfg_integration_minute (
    id bigserial PRIMARY KEY,
    minute timestamp NOT NULL,
    interface_id integer NOT NULL,
    company_id integer NOT NULL,
    system_id integer NOT NULL,
    -- 0: messages that come in
    endpoint_id integer NOT NULL,
    done integer NOT NULL DEFAULT 0,
    dead integer NOT NULL DEFAULT 0,
    cancelled integer NOT NULL DEFAULT 0,
    rejected integer NOT NULL DEFAULT 0,
    attempts integer NOT NULL DEFAULT 0,
    failures integer NOT NULL DEFAULT 0,
    retries integer NOT NULL DEFAULT 0,
    -- of the done ones: sum, and how many fell between the bounds of engine/histogram.py
    latency_ms bigint NOT NULL DEFAULT 0,
    buckets integer[] NOT NULL DEFAULT '{}',
    -- a sample taken in this minute: how many waited, and the oldest for how long
    waiting integer NOT NULL DEFAULT 0,
    oldest_s integer NOT NULL DEFAULT 0,
    UNIQUE (minute, interface_id, company_id, system_id, endpoint_id)
);

-- The sums over all minutes there ever were, for counters that must not fall.
CREATE TABLE IF NOT EXISTS mfg_integration_total (
    interface_id integer NOT NULL,
    company_id integer NOT NULL,
    system_id integer NOT NULL,
    endpoint_id integer NOT NULL,
    done bigint NOT NULL DEFAULT 0,
    dead bigint NOT NULL DEFAULT 0,
    cancelled bigint NOT NULL DEFAULT 0,
    rejected bigint NOT NULL DEFAULT 0,
    attempts bigint NOT NULL DEFAULT 0,
    failures bigint NOT NULL DEFAULT 0,
    retries bigint NOT NULL DEFAULT 0,
    latency_ms bigint NOT NULL DEFAULT 0,
    buckets bigint[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (interface_id, company_id, system_id, endpoint_id)
);

-- One row. Minutes before `base` are final and in the tables above.
CREATE TABLE IF NOT EXISTS mfg_integration_minute_mark (
    base timestamp NOT NULL,
    candidate timestamp,
    candidate_xids bigint[]
);
INSERT INTO mfg_integration_minute_mark (base)
SELECT timestamp '-infinity' WHERE NOT EXISTS (SELECT 1 FROM mfg_integration_minute_mark);
