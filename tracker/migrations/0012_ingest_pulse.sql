-- How each run of ingest does, sample by sample, for the screen of operations. Ingest itself forgets what is old.
-- migrate:up

CREATE TABLE ingest_pulse (
    run uuid NOT NULL REFERENCES ingest_run,
    at timestamptz NOT NULL,             -- the end of the sample
    span_ms integer NOT NULL,            -- what it counts over; more than usual while the database was away
    packets integer NOT NULL,
    positions integer NOT NULL,          -- stored
    late integer NOT NULL,               -- of these, fixes that came after later ones: crossings are recomputed
    duplicates integer NOT NULL,
    refused integer NOT NULL,            -- reports
    batches integer NOT NULL,
    largest_batch integer NOT NULL,      -- packets
    inbox integer NOT NULL,              -- packets that wait, at the end
    lag_p50_ms real,                     -- from arrival at the door to the acknowledgement; null: nothing was disposed of
    lag_p99_ms real,
    lag_max_ms real,
    commit_p50_ms real,                  -- from a batch's hand-over to the database to its COMMIT
    commit_max_ms real,
    database_ms integer NOT NULL,        -- the sum of these
    cpu_ms integer NOT NULL,             -- of the whole process
    connections integer NOT NULL,
    online integer NOT NULL,             -- terminals, by presence
    silent integer NOT NULL,
    offline integer NOT NULL,
    late_tracks integer NOT NULL,        -- terminals whose crossings wait to be recomputed, of all runs
    reasons jsonb NOT NULL,              -- refused, by reason
    PRIMARY KEY (run, at)
);
CREATE INDEX ingest_pulse_at ON ingest_pulse (at);
