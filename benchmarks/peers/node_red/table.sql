-- What a Node-RED user writes by hand. The key drops what comes twice; `stored_at` is there for the measurement alone.
CREATE TABLE position (
    terminal    text             NOT NULL,
    fixed_at    timestamptz      NOT NULL,
    lon         double precision NOT NULL,
    lat         double precision NOT NULL,
    acc         double precision,
    spd         double precision,
    hdg         double precision,
    bat         double precision,
    seq         double precision,
    stored_at   timestamptz      NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (terminal, fixed_at)
);
