-- Several ingests beside each other: which run each terminal belongs to, and the fence that every commit of a run holds.
-- migrate:up

-- Apart from ingest_run, which a heartbeat writes every second: a commit holds its own row here FOR SHARE.
CREATE TABLE ingest_fence (
    run uuid PRIMARY KEY REFERENCES ingest_run,
    is_exclusive boolean NOT NULL,       -- all terminals are its, whatever terminal_owner says
    is_down boolean NOT NULL DEFAULT false,  -- it ended, or was ended: it commits nothing any more
    epoch bigint NOT NULL DEFAULT 0      -- the last move that took terminals from it
);

-- Of terminals that a sharing run had once. Whose run is down, or gave no sign of life for long, is nobody's.
CREATE TABLE terminal_owner (
    terminal integer PRIMARY KEY,        -- without references: a city's worth moves at once, and terminals stay
    run uuid NOT NULL,
    moved bigint NOT NULL                -- the move that gave it to `run`
) WITH (fillfactor = 70);
CREATE INDEX terminal_owner_run ON terminal_owner (run);
CREATE INDEX terminal_owner_moved ON terminal_owner (moved);

-- One row, locked by who moves terminals: moves happen one after the other, and are numbered as they commit.
CREATE TABLE ownership_move (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    last bigint NOT NULL
);
INSERT INTO ownership_move (last) VALUES (0);

DROP TABLE ingest_owner;
