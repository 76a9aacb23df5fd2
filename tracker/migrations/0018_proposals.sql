-- migrate:up
-- A change of level that waits for a second person. It is no version: nobody is told of it, and timers and messages go
-- on by the version in force. It waits as long as the alert has the version it was made upon.
CREATE TABLE alert_proposal (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert uuid NOT NULL,
    version integer NOT NULL,            -- in force when it was made
    level text NOT NULL CHECK (level IN ('blue', 'yellow', 'orange', 'red')),
    note text NOT NULL,                  -- why; told to everybody when it is approved
    made_by integer NOT NULL REFERENCES account,
    made_at timestamptz NOT NULL,
    settled_by integer REFERENCES account,
    settled_at timestamptz,
    outcome text CHECK (outcome IN ('approved', 'declined', 'replaced')),
    answer text NOT NULL DEFAULT '',     -- of who declined it
    FOREIGN KEY (alert, version) REFERENCES alert_version (alert, version)
);
CREATE UNIQUE INDEX alert_proposal_open ON alert_proposal (alert, version) WHERE settled_at IS NULL;

-- A second person may also send a draft back.
ALTER TABLE alert_version DROP CONSTRAINT alert_version_kind_check;
ALTER TABLE alert_version ADD CONSTRAINT alert_version_kind_check CHECK (kind IN
    ('draft', 'edit', 'submit', 'decline', 'issue', 'upgrade', 'downgrade', 'lift', 'cancel', 'expire'));
