-- What workers and people note about endpoints while messages flow. Executed by
-- mfg.integration.endpoint.init() at install and at every update: repeatable.
--
-- Separate from the endpoint's own row, so that people who edit the configuration and
-- workers who note what they see never wait for each other.
CREATE TABLE IF NOT EXISTS mfg_integration_endpoint_state (
    endpoint_id integer PRIMARY KEY,
    paused_at timestamp,
    paused_by integer,
    paused_reason varchar,
    last_ok_at timestamp,
    last_error_at timestamp,
    last_error_code varchar
) WITH (fillfactor = 50);

-- Circuit breaker, shared by all workers.
ALTER TABLE mfg_integration_endpoint_state
    ADD COLUMN IF NOT EXISTS breaker varchar NOT NULL DEFAULT 'closed'
        CHECK (breaker IN ('closed', 'open', 'half_open')),
    ADD COLUMN IF NOT EXISTS breaker_since timestamp,
    ADD COLUMN IF NOT EXISTS breaker_reason varchar,
    -- how long the breaker stays open this time, and until when
    ADD COLUMN IF NOT EXISTS open_seconds float8,
    ADD COLUMN IF NOT EXISTS open_until timestamp,
    -- half-open: when the worker that probes counts as lost
    ADD COLUMN IF NOT EXISTS probe_until timestamp,
    ADD COLUMN IF NOT EXISTS failures_in_a_row integer NOT NULL DEFAULT 0,
    -- a window begins with a failure and ends after 30 seconds
    ADD COLUMN IF NOT EXISTS window_from timestamp,
    ADD COLUMN IF NOT EXISTS window_calls integer NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS window_failures integer NOT NULL DEFAULT 0,
    -- rate limit: what is granted so far is used up at this moment
    ADD COLUMN IF NOT EXISTS rate_at timestamp,
    -- what the receiver answered to a request from before that moment pauses nothing
    ADD COLUMN IF NOT EXISTS resumed_at timestamp;
