-- Positions on TimescaleDB: a hypertable of 3-hour chunks (rows x 43 B of index stay under a quarter of memory).
-- migrate:up

-- 76 bytes a row: widest columns first, no padding; the optional ones hold -32768 for "not said" (a fixed layout can be
-- written as one numpy array in PostgreSQL's binary COPY format).
CREATE TABLE position (
    fixed_at timestamptz NOT NULL,       -- the terminal's clock
    terminal integer NOT NULL,
    delay_ms integer NOT NULL,           -- received_at - fixed_at; clipped to int4
    lon integer NOT NULL,                -- 1e-7 degrees, WGS-84
    lat integer NOT NULL,
    grid integer NOT NULL,               -- unit of the leaf grid; 0 outside the city
    speed_dmps smallint NOT NULL,        -- 0.1 m/s
    heading_deg smallint NOT NULL,
    accuracy_dm smallint NOT NULL,       -- 0.1 m, clipped
    altitude_m smallint NOT NULL,
    battery_pct smallint NOT NULL,
    flags smallint NOT NULL              -- 1 suspect, 2 late, 4 older than 24 h, 8 inaccurate: see tracker.model.positions
);

SELECT create_hypertable('position', by_range('fixed_at', INTERVAL '3 hours'), create_default_indexes => false);
-- The only unique index, and all of it in segmentby and orderby below: TimescaleDB then finds a repeat in a compressed
-- chunk without decompressing the chunk's rows into the table (that is capped, and a late backlog would meet the cap).
CREATE UNIQUE INDEX position_key ON position (terminal, fixed_at);
CREATE INDEX position_grid ON position (grid, fixed_at);

-- Compressed 48 h late: a member's day then takes 2 ms instead of 20 to 67, and late rows are rare by then.
-- These names are those of TimescaleDB 2.18 and later; the Apache-2.0 edition has no columnstore and stops here.
ALTER TABLE position SET (
    timescaledb.enable_columnstore = true,
    timescaledb.segmentby = 'terminal',
    timescaledb.orderby = 'fixed_at'
);
CALL add_columnstore_policy('position', after => INTERVAL '48 hours');
