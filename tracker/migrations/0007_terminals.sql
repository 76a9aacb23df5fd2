-- Terminals through their lives: whose they are, who carried them when, lost, revoked, retired.
-- migrate:up

-- A secret is hashed as SHA-512(secret || salt), 64 bytes, the form of a broker's password file; rows of an earlier
-- release hold SHA-256(salt || secret), 32 bytes, until they are rotated.
ALTER TABLE terminal ADD COLUMN unit integer REFERENCES unit;      -- whose it is, carried or on the shelf; null: the top's
ALTER TABLE terminal ADD COLUMN model text NOT NULL DEFAULT '';
ALTER TABLE terminal ADD COLUMN note text NOT NULL DEFAULT '';
ALTER TABLE terminal ADD COLUMN issued_at timestamptz NOT NULL DEFAULT now();   -- of the secret in force
ALTER TABLE terminal ADD COLUMN revoked_at timestamptz;            -- no log-in until the secret is rotated
ALTER TABLE terminal ADD COLUMN lost_at timestamptz;
ALTER TABLE terminal ADD COLUMN revision integer NOT NULL DEFAULT 1;
-- closed_at: retired
UPDATE terminal SET unit = coalesce(
    (SELECT assignment.unit FROM assignment WHERE assignment.member = terminal.member AND is_primary),
    (SELECT id FROM unit WHERE parent IS NULL ORDER BY tree_left, id LIMIT 1));
CREATE INDEX terminal_unit ON terminal (unit);

CREATE TABLE terminal_carrier (                -- who carried it from when to when; at most one row without an end
    terminal integer NOT NULL REFERENCES terminal,
    member integer NOT NULL REFERENCES member,
    since timestamptz NOT NULL,
    until timestamptz CHECK (until >= since),
    PRIMARY KEY (terminal, since)
);
CREATE UNIQUE INDEX terminal_carrier_now ON terminal_carrier (terminal) WHERE until IS NULL;
CREATE INDEX terminal_carrier_member ON terminal_carrier (member, since);
INSERT INTO terminal_carrier (terminal, member, since)
    SELECT id, member, timestamptz '2000-01-01Z' FROM terminal WHERE member IS NOT NULL;

-- Whoever changes terminal.member, and however: the history is kept here and nowhere else. A terminal's first carrier has
-- had it always: nobody is known who had it before.
CREATE FUNCTION keep_terminal_carrier() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.member IS NOT NULL THEN
            INSERT INTO terminal_carrier (terminal, member, since) VALUES (NEW.id, NEW.member, timestamptz '2000-01-01Z');
        END IF;
    ELSIF NEW.member IS DISTINCT FROM OLD.member THEN
        UPDATE terminal_carrier SET until = greatest(clock_timestamp(), since) WHERE terminal = NEW.id AND until IS NULL;
        IF NEW.member IS NOT NULL THEN
            INSERT INTO terminal_carrier (terminal, member, since) VALUES (NEW.id, NEW.member, clock_timestamp());
        END IF;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER terminal_is_handed AFTER INSERT OR UPDATE OF member ON terminal
    FOR EACH ROW EXECUTE FUNCTION keep_terminal_carrier();

-- Ingest follows changes by transaction: it reads again whatever was changed by a transaction that might not have ended
-- at its last look, so that no row that commits late is skipped.
ALTER TABLE terminal ADD COLUMN changed_by xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX terminal_changed ON terminal (changed_by);
CREATE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed_by := pg_current_xact_id();
    RETURN NEW;
END
$$;
CREATE TRIGGER terminal_is_changed BEFORE UPDATE ON terminal FOR EACH ROW EXECUTE FUNCTION note_change();
