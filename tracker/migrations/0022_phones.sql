-- Pages on members' own phones without an account, Web Push to them, and warnings that leaders pass down.
-- migrate:up

CREATE TABLE phone (                     -- a browser that shows one member's own warnings
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    member integer NOT NULL REFERENCES member,
    token_hash bytea NOT NULL UNIQUE,    -- SHA-256 of 256 random bits that only the browser has
    alert uuid NOT NULL REFERENCES alert,   -- whose signed link opened it
    number text,                         -- the member's at that time: with another one the page is closed
    user_agent text NOT NULL DEFAULT '',
    opened_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,     -- moves on while the page is used
    closed_at timestamptz,
    UNIQUE (alert, member)               -- a link opens one phone: forwarded to somebody, it opens no second one
);
CREATE INDEX phone_member ON phone (member) WHERE closed_at IS NULL;

CREATE TABLE push_subscription (         -- RFC 8030: where a phone is pushed to; one a phone
    phone integer PRIMARY KEY REFERENCES phone,
    endpoint text NOT NULL UNIQUE,       -- a capability: never shown to anybody
    p256dh bytea NOT NULL,               -- its public key, an uncompressed point on P-256
    auth bytea NOT NULL,                 -- its authentication secret, 16 bytes
    subscribed_at timestamptz NOT NULL
);

CREATE TABLE passing (                   -- a leader passed a warning down, with own words
    id uuid PRIMARY KEY,                 -- made with the form: sent twice it passes once
    alert uuid NOT NULL,
    version integer NOT NULL,            -- in force then
    member integer NOT NULL REFERENCES member,
    unit integer NOT NULL REFERENCES unit,  -- that they lead, the widest
    words text NOT NULL,
    told integer[] NOT NULL,             -- members, each once
    passed_at timestamptz NOT NULL,
    FOREIGN KEY (alert, version) REFERENCES alert_version (alert, version)
);
CREATE INDEX passing_alert ON passing (alert);
CREATE TRIGGER passing_is_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON passing
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE delivery DROP CONSTRAINT delivery_kind_check;
ALTER TABLE delivery ADD CONSTRAINT delivery_kind_check CHECK (kind IN
    ('telling', 'passed_down', 'follow_up', 'reminder', 'digest', 'manual'));
