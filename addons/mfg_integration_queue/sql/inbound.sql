-- Runtime tables of inbound messages. Executed by mfg.integration.inbox.init() at install
-- and at every update, so every statement must be repeatable.
--
-- The inbox keeps what came in, byte by byte, in monthly partitions; what is not finished
-- has a narrow row in one hot table besides; keys outlive their messages' processing.
-- Timestamps are UTC without time zone, as everywhere in Odoo.

CREATE SEQUENCE IF NOT EXISTS mfg_integration_inbox_id_seq AS bigint;
CREATE TABLE IF NOT EXISTS mfg_integration_inbox (
    id bigint NOT NULL DEFAULT nextval('mfg_integration_inbox_id_seq'),
    uuid uuid NOT NULL,
    system_id integer NOT NULL,
    interface_id integer NOT NULL,
    interface_version_id integer,
    company_id integer NOT NULL,
    -- empty: it came as a file
    credential_id integer,
    type varchar NOT NULL,
    key varchar,
    lane varchar NOT NULL,
    state varchar NOT NULL CHECK (state IN ('received', 'processed', 'rejected', 'dead', 'cancelled')),
    headers jsonb NOT NULL,
    remote_addr varchar,
    body bytea NOT NULL,
    body_sha256 char(64) NOT NULL,
    -- what a person put in the place of the body, which itself never changes
    correction varchar,
    traceparent varchar,
    attempts integer NOT NULL DEFAULT 0,
    result jsonb,
    links jsonb,
    error_code varchar,
    error varchar,
    exception_id integer,
    created_at timestamp NOT NULL DEFAULT timezone('UTC', clock_timestamp()),
    finished_at timestamp,
    PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);
ALTER TABLE mfg_integration_inbox ALTER COLUMN credential_id DROP NOT NULL;
ALTER SEQUENCE mfg_integration_inbox_id_seq OWNED BY mfg_integration_inbox.id;
CREATE INDEX IF NOT EXISTS mfg_integration_inbox_uuid_idx ON mfg_integration_inbox (uuid);
CREATE INDEX IF NOT EXISTS mfg_integration_inbox_interface_idx ON mfg_integration_inbox (interface_id, id);
CREATE INDEX IF NOT EXISTS mfg_integration_inbox_finished_idx ON mfg_integration_inbox USING brin (finished_at);
-- Only processed messages have links: the index costs nothing while one is taken in.
DROP INDEX IF EXISTS mfg_integration_inbox_links_idx;
CREATE INDEX IF NOT EXISTS mfg_integration_inbox_linked_idx ON mfg_integration_inbox USING gin (links jsonb_path_ops)
 WHERE links IS NOT NULL;

-- Only unfinished messages. `starts` counts how often a process began with it and has not
-- come back: it is written before the work, on a connection of its own.
CREATE TABLE IF NOT EXISTS mfg_integration_inbox_todo (
    inbox_id bigint PRIMARY KEY,
    inbox_at timestamp NOT NULL,
    lane varchar NOT NULL,
    class smallint NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    starts smallint NOT NULL DEFAULT 0,
    started_at timestamp,
    worker varchar,
    next_at timestamp,
    error_code varchar,
    error varchar,
    -- dead, and its interface lets nothing pass before a person has decided
    exception_id integer
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX IF NOT EXISTS mfg_integration_inbox_todo_lane_idx ON mfg_integration_inbox_todo (lane, inbox_id);

-- set apart until something else has happened, in a lane of its own meanwhile
ALTER TABLE mfg_integration_inbox_todo ADD COLUMN IF NOT EXISTS waits_for varchar;
CREATE INDEX IF NOT EXISTS mfg_integration_inbox_todo_waits_idx
    ON mfg_integration_inbox_todo (waits_for) WHERE waits_for IS NOT NULL;

-- The primary key is what makes an effect happen once.
CREATE TABLE IF NOT EXISTS mfg_integration_inbox_key (
    system_id integer NOT NULL,
    interface_id integer NOT NULL,
    key varchar NOT NULL,
    fingerprint char(64) NOT NULL,
    inbox_id bigint NOT NULL,
    response jsonb NOT NULL,
    created_at timestamp NOT NULL DEFAULT timezone('UTC', clock_timestamp()),
    expires_at timestamp NOT NULL,
    PRIMARY KEY (system_id, interface_id, key)
);
CREATE INDEX IF NOT EXISTS mfg_integration_inbox_key_expires_idx ON mfg_integration_inbox_key (expires_at);

-- Separate from the key's own row, so that people who edit it and requests that use it
-- never wait for each other.
CREATE TABLE IF NOT EXISTS mfg_integration_credential_state (
    credential_id integer PRIMARY KEY,
    last_used_at timestamp,
    last_used_addr varchar,
    refused_at timestamp,
    refused_code varchar,
    refused_addr varchar,
    window_at timestamp,
    window_used integer NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

-- Takes in one message: a function, because PostgreSQL keeps its plans per connection, which
-- halves what a message costs here. With a response, everything hangs on the key: where
-- somebody else has it, nothing is written and the answer is false. An expired key may still
-- have its row: it is taken over.
CREATE OR REPLACE FUNCTION mfg_integration_inbox_add(
    uuid uuid, system_id integer, interface_id integer, interface_version_id integer,
    company_id integer, credential_id integer, type varchar, key varchar, lane varchar,
    state varchar, headers jsonb, remote_addr varchar, body bytea, body_sha256 char(64),
    traceparent varchar, attempts integer, result jsonb, links jsonb, error_code varchar,
    error varchar, class integer, fingerprint char(64), response jsonb, key_days integer
) RETURNS boolean LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    id bigint := nextval('mfg_integration_inbox_id_seq');
    created_at timestamp := timezone('UTC', clock_timestamp());
BEGIN
    IF response IS NOT NULL THEN
        INSERT INTO mfg_integration_inbox_key AS k
               (system_id, interface_id, key, fingerprint, inbox_id, response, created_at,
                expires_at)
        VALUES (system_id, interface_id, key, fingerprint, id, response, created_at,
                created_at + key_days * interval '1 day')
            ON CONFLICT ON CONSTRAINT mfg_integration_inbox_key_pkey DO UPDATE
               SET fingerprint = excluded.fingerprint, inbox_id = excluded.inbox_id,
                   response = excluded.response, created_at = excluded.created_at,
                   expires_at = excluded.expires_at
             WHERE k.expires_at <= excluded.created_at;
        IF NOT FOUND THEN
            RETURN false;
        END IF;
    END IF;
    INSERT INTO mfg_integration_inbox
           (id, created_at, finished_at, uuid, system_id, interface_id,
            interface_version_id, company_id, credential_id, type, key, lane, state,
            headers, remote_addr, body, body_sha256, traceparent, attempts, result, links,
            error_code, error)
    VALUES (id, created_at, CASE WHEN state <> 'received' THEN created_at END, uuid,
            system_id, interface_id, interface_version_id, company_id, credential_id, type,
            key, lane, state, headers, remote_addr, body, body_sha256, traceparent,
            attempts, result, links, error_code, error);
    IF state = 'received' THEN
        INSERT INTO mfg_integration_inbox_todo (inbox_id, inbox_at, lane, class)
        VALUES (id, created_at, lane, class);
    END IF;
    RETURN true;
END $$;
