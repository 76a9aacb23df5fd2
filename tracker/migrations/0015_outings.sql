-- Members outside all their own grids: one row an outing, and what ingest's checkpoint must know of those that may begin.
-- migrate:up

CREATE TABLE outing (
    member integer NOT NULL,
    since timestamptz NOT NULL,          -- the fix by which they were first confirmed outside
    opened_at timestamptz NOT NULL,      -- the fix by which they had been long enough
    closed_at timestamptz,               -- the fix by which they were confirmed inside again; of a lapsed one, when it was seen
    has_lapsed boolean NOT NULL DEFAULT false,   -- they have no own grid, or carry no terminal any more: nobody came back
    terminal integer NOT NULL,
    grid integer NOT NULL,               -- leaf in which they were confirmed when it opened; 0 outside the city
    PRIMARY KEY (member, since)
);
CREATE UNIQUE INDEX outing_open ON outing (member) WHERE closed_at IS NULL;

ALTER TABLE terminal_state ADD COLUMN outside_member integer;        -- who carried it when this was counted
ALTER TABLE terminal_state ADD COLUMN outside_since timestamptz;     -- null: not outside
ALTER TABLE terminal_state ADD COLUMN outside_count integer;         -- fixes since then

CREATE INDEX presence_event_member ON presence_event (member, at);
