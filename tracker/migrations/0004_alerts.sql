-- Alerts, their immutable versions, frozen audiences, deliveries, acknowledgements, timers, audit.
-- migrate:up

-- Who may target which units, as data: an issuer of level L may target units of level T in its own subtree.
CREATE TABLE authority (
    issuer_level text NOT NULL REFERENCES level,
    target_level text NOT NULL REFERENCES level,
    max_severity smallint NOT NULL DEFAULT 4,     -- 1 blue .. 4 red
    PRIMARY KEY (issuer_level, target_level)
);
INSERT INTO authority (issuer_level, target_level) VALUES
    ('city', 'grid-1'), ('county', 'grid-1'),
    ('grid-1', 'grid-2'), ('grid-1', 'grid-3');

CREATE TABLE alert (
    id uuid PRIMARY KEY,                 -- made by the client: a lost answer and a retry issue once
    identifier text UNIQUE,              -- CAP: {division6}{serial}_{yyyymmddhhmmss}, given at issue
    state text NOT NULL CHECK (state IN ('draft', 'pending_approval', 'issued', 'lifted', 'cancelled', 'expired')),
    version integer NOT NULL,            -- of the newest alert_version; the expected version of every request
    unit integer NOT NULL REFERENCES unit,        -- the issuing unit
    created_by integer NOT NULL REFERENCES account,
    created_at timestamptz NOT NULL,
    issued_at timestamptz,
    ended_at timestamptz,
    expires_at timestamptz,
    is_drill boolean NOT NULL DEFAULT false
);
CREATE INDEX alert_state ON alert (state, created_at);

CREATE TABLE alert_version (             -- immutable
    alert uuid NOT NULL REFERENCES alert,
    version integer NOT NULL,
    kind text NOT NULL,                  -- draft, edit, issue, upgrade, downgrade, lift, cancel, expire
    level text NOT NULL CHECK (level IN ('blue', 'yellow', 'orange', 'red')),
    event text NOT NULL,                 -- what threatens: rainstorm, flood, fire, ...
    headline text NOT NULL,
    description text NOT NULL,
    instruction text NOT NULL DEFAULT '',
    targets integer[] NOT NULL,          -- units
    depth text,                          -- deepest level told; null: all the way
    area bytea,                          -- WKB polygon drawn by hand; null: the targets' own areas
    note text NOT NULL DEFAULT '',       -- why: reason of a lift, of an override
    made_by integer REFERENCES account,  -- null: the clock (expiry)
    made_at timestamptz NOT NULL,
    PRIMARY KEY (alert, version)
);

CREATE TABLE audience (                  -- frozen at issue; later rows are late entrants
    alert uuid NOT NULL REFERENCES alert,
    member integer NOT NULL REFERENCES member,
    since_version integer NOT NULL,
    reasons jsonb NOT NULL,              -- [{"why": "leader", "unit": 12, "role": "leader"}, {"why": "inside", "fix_age_s": 12}]
    PRIMARY KEY (alert, member)
);

CREATE TABLE delivery (                  -- one message to one recipient over one channel for one version
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key text NOT NULL UNIQUE,            -- idempotency: alert, version, recipient, kind, occasion, channel
    alert uuid REFERENCES alert,
    version integer,
    member integer REFERENCES member,
    kind text NOT NULL,                  -- telling, follow_up, reminder, digest, manual
    channel text NOT NULL,               -- sms, terminal
    address text NOT NULL,               -- E.164, or the terminal's code
    body text NOT NULL,
    priority smallint NOT NULL,          -- 1 first: red 1, orange 2, yellow 3, blue 4, reminders after tellings
    state text NOT NULL CHECK (state IN ('queued', 'sending', 'sent', 'delivered', 'failed', 'expired', 'unknown')),
    is_possible_duplicate boolean NOT NULL DEFAULT false,
    folder text NOT NULL DEFAULT 'sent' CHECK (folder IN ('sent', 'archived', 'deleted')),
    attempts smallint NOT NULL DEFAULT 0,
    provider text,
    provider_id text,
    detail text NOT NULL DEFAULT '',     -- the provider's words
    queued_at timestamptz NOT NULL,
    not_before timestamptz NOT NULL,     -- backoff of a throttled one
    lease_until timestamptz,
    sent_at timestamptz,
    settled_at timestamptz,              -- delivered, failed, expired or unknown
    expires_at timestamptz
);
CREATE INDEX delivery_claim ON delivery (priority, id) WHERE state = 'queued';
CREATE INDEX delivery_lease ON delivery (lease_until) WHERE state = 'sending';
CREATE INDEX delivery_alert ON delivery (alert, version, state);
CREATE INDEX delivery_provider ON delivery (provider, provider_id);
CREATE INDEX delivery_member ON delivery (member);

CREATE TABLE delivery_attempt (          -- the log; kept when a message is deleted
    delivery bigint NOT NULL REFERENCES delivery,
    attempt smallint NOT NULL,
    at timestamptz NOT NULL,
    provider text NOT NULL,
    outcome text NOT NULL,
    detail text NOT NULL DEFAULT '',
    PRIMARY KEY (delivery, attempt)
);

CREATE TABLE outbox_message (            -- the `outbox` provider: what would have left the building
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    delivery bigint NOT NULL REFERENCES delivery,
    address text NOT NULL,
    body text NOT NULL,
    accepted_at timestamptz NOT NULL
);

CREATE TABLE acknowledgement (           -- one per person and alert version, whatever the channel
    alert uuid NOT NULL REFERENCES alert,
    version integer NOT NULL,
    member integer NOT NULL REFERENCES member,
    channel text NOT NULL,               -- link, phone, terminal, sms, desk
    at timestamptz NOT NULL,
    PRIMARY KEY (alert, version, member)
);

CREATE TABLE alert_timer (               -- in a table of their own: due dates in the claim index cost 600 times
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert uuid NOT NULL REFERENCES alert,
    version integer NOT NULL,
    member integer REFERENCES member,    -- null: of the alert itself (expiry)
    kind text NOT NULL,                  -- remind, superior, issuer, expire
    due_at timestamptz NOT NULL,
    done_at timestamptz,
    UNIQUE NULLS NOT DISTINCT (alert, version, member, kind)
);
CREATE INDEX alert_timer_due ON alert_timer (due_at) WHERE done_at IS NULL;

CREATE TABLE audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    account integer REFERENCES account,
    action text NOT NULL,                -- noun.verb: alert.issued, emergency.taken, account.logged_in
    subject text NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_at ON audit (at);
