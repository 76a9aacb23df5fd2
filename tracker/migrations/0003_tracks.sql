-- What follows from positions: the last of each terminal, crossings, presence, refusals, emergencies, MQTT state.
-- migrate:up

-- The checkpoint of ingest's memory, written every few seconds (an upsert in every batch costs 9 to 13 s of server CPU
-- per million): truth is `position`; rows later than `fixed_at` here are read again at start.
CREATE TABLE terminal_state (
    terminal integer PRIMARY KEY REFERENCES terminal,
    fixed_at timestamptz NOT NULL,       -- last accepted fix
    received_at timestamptz NOT NULL,    -- last arrival
    lon integer NOT NULL,                -- 1e-7 degrees
    lat integer NOT NULL,
    grid integer NOT NULL,               -- leaf of that fix; 0 outside the city
    speed_dmps smallint NOT NULL,
    heading_deg smallint NOT NULL,
    accuracy_dm smallint NOT NULL,
    altitude_m smallint NOT NULL,
    battery_pct smallint NOT NULL,
    interval_s real NOT NULL,            -- configured, else the median of its last 20
    confirmed_grid integer NOT NULL,     -- IN(g): the unit; 0 OUTSIDE_CITY; -1 UNKNOWN
    candidate_grid integer NOT NULL,     -- CANDIDATE(g -> h); -1 none
    candidate_count smallint NOT NULL,
    candidate_since timestamptz,
    is_silent boolean NOT NULL DEFAULT false
) WITH (fillfactor = 70);

CREATE TABLE crossing (
    terminal integer NOT NULL,
    fixed_at timestamptz NOT NULL,       -- the first of the two confirming fixes
    kind text NOT NULL CHECK (kind IN ('exit', 'enter')),
    grid integer NOT NULL,
    member integer,
    grid_set integer NOT NULL,
    is_late boolean NOT NULL DEFAULT false,
    superseded_at timestamptz,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (terminal, fixed_at, kind, grid)
);
CREATE INDEX crossing_grid ON crossing (grid, fixed_at);

CREATE TABLE late_track (                -- crossings to be recomputed, because fixes came late; a queue
    terminal integer PRIMARY KEY,
    since timestamptz NOT NULL           -- the earliest of them
);

CREATE TABLE presence_event (
    terminal integer NOT NULL,
    at timestamptz NOT NULL,
    kind text NOT NULL CHECK (kind IN ('online', 'silent', 'offline', 'out_of_grid', 'back_in_grid')),
    grid integer NOT NULL,
    member integer,
    grid_set integer NOT NULL,
    PRIMARY KEY (terminal, at, kind)
);

CREATE TABLE emergency (                 -- the SOS button
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    terminal integer NOT NULL REFERENCES terminal,
    sos_id text NOT NULL,                -- the terminal's own id of this press
    member integer REFERENCES member,
    pressed_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    lon integer,                         -- 1e-7 degrees; null when the terminal had no fix
    lat integer,
    grid integer,
    note text NOT NULL DEFAULT '',
    taken_at timestamptz,
    taken_by integer REFERENCES account,
    closed_at timestamptz,
    closed_by integer REFERENCES account,
    UNIQUE (terminal, sos_id)
);
CREATE INDEX emergency_open ON emergency (pressed_at) WHERE closed_at IS NULL;

CREATE TABLE refused_report (            -- capped by ingest; newest kept
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    received_at timestamptz NOT NULL,
    terminal integer,                    -- null: unknown terminal
    topic text NOT NULL,
    reason text NOT NULL,                -- a word of ingest's list
    detail text NOT NULL DEFAULT '',
    payload bytea NOT NULL               -- first 4 KiB
);
CREATE INDEX refused_report_reason ON refused_report (reason, id);

CREATE TABLE refusal_count (             -- durable: never lower than what was acknowledged
    day date NOT NULL,
    reason text NOT NULL,
    reports bigint NOT NULL,
    PRIMARY KEY (day, reason)
);

-- One row an ingest process start. /healthz adds up the living ones.
CREATE TABLE ingest_run (
    id uuid PRIMARY KEY,
    name text NOT NULL,                  -- stable name of the instance, e.g. listen-1883
    started_at timestamptz NOT NULL DEFAULT now(),
    heartbeat_at timestamptz NOT NULL DEFAULT now(),
    stopped_at timestamptz,
    packets bigint NOT NULL DEFAULT 0,
    positions_stored bigint NOT NULL DEFAULT 0,   -- rows committed since this start
    duplicates bigint NOT NULL DEFAULT 0,
    refused bigint NOT NULL DEFAULT 0,
    connections integer NOT NULL DEFAULT 0
);

-- Each terminal has one owner among the ingest processes; who lost the epoch cannot commit.
CREATE TABLE ingest_owner (
    slice smallint PRIMARY KEY,          -- terminal id modulo 64; thin: one process owns all of them
    run uuid NOT NULL REFERENCES ingest_run,
    epoch bigint NOT NULL
);

CREATE TABLE downlink (                  -- to terminals; whichever front door holds the terminal delivers it
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    terminal integer NOT NULL REFERENCES terminal,
    topic text NOT NULL,
    payload bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    sent_at timestamptz,                 -- first handed to a terminal (listen); a later sending carries DUP
    delivered_at timestamptz             -- PUBACK of the terminal (listen) or of the broker (subscribe)
);
CREATE INDEX downlink_waiting ON downlink (terminal, id) WHERE delivered_at IS NULL;

CREATE TABLE retained (                  -- gw/v1/g/{code}/alert: the alert in force in a grid; empty payload clears
    topic text PRIMARY KEY,
    payload bytea NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE mqtt_session (              -- of the listening front door; belongs to (terminal, client id)
    terminal integer NOT NULL REFERENCES terminal,
    client_id text NOT NULL,
    subscriptions jsonb NOT NULL DEFAULT '[]',
    qos2_received integer[] NOT NULL DEFAULT '{}',
    expires_at timestamptz,
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (terminal, client_id)
);
