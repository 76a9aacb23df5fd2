-- What people write to the city, for people to read: where it is about, the case it became, and who wants no circulars.
-- migrate:up

ALTER TABLE sms_inbound DROP CONSTRAINT sms_inbound_route_check;
ALTER TABLE sms_inbound ADD CONSTRAINT sms_inbound_route_check CHECK (route IN  -- null: nobody has looked at it
    ('acknowledgement', 'stop', 'start', 'resident',
     'part'));                           -- of the message whose first row is `whole`

-- A case that somebody's texts made: who writes again about the same place while it is open, joins it.
CREATE TABLE text_case (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unit integer NOT NULL REFERENCES unit,       -- where
    number text NOT NULL,                        -- whose texts
    opened_at timestamptz NOT NULL,
    opened_by integer REFERENCES account,        -- null: by itself, the text named its place
    heard_at timestamptz NOT NULL,               -- its last text
    texts integer NOT NULL DEFAULT 0,
    taken_at timestamptz,
    taken_by integer REFERENCES account,
    ended_at timestamptz,
    ended_by integer REFERENCES account
);
CREATE UNIQUE INDEX text_case_open ON text_case (number, unit) WHERE ended_at IS NULL;
CREATE INDEX text_case_opened ON text_case (opened_at);

ALTER TABLE sms_inbound
    ADD COLUMN place integer REFERENCES unit,    -- what it is about; null: none was found, or several
    ADD COLUMN place_by text CHECK (place_by IN
        ('coordinates', 'name', 'code',          -- of the text
         'person')),                             -- who opened a case of it
    ADD COLUMN place_said text NOT NULL DEFAULT '',      -- the words that say it
    ADD COLUMN candidates integer[] NOT NULL DEFAULT '{}',   -- units it may be about, where there are several
    ADD COLUMN lon integer,                      -- 1e-7 degrees, WGS-84; of coordinates
    ADD COLUMN lat integer,
    ADD COLUMN text_case bigint REFERENCES text_case;
CREATE INDEX sms_inbound_whole ON sms_inbound (id) WHERE route IS NOT NULL AND route <> 'part';
CREATE INDEX sms_inbound_member ON sms_inbound (member, id) WHERE member IS NOT NULL;
CREATE INDEX sms_inbound_case ON sms_inbound (text_case) WHERE text_case IS NOT NULL;

-- A name as people may write it: full-width letters are plain ones, and blanks and brackets none.
CREATE FUNCTION as_said(name text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN squeezed(normalize(name, NFKC));
-- Which names and codes stand in a text is asked of these.
CREATE INDEX unit_said_name ON unit (as_said(name));
CREATE INDEX unit_said_name_en ON unit (as_said(name_en));
CREATE INDEX unit_said_code ON unit (as_said(code));

CREATE TABLE sms_stop (                  -- what a number said last about circulars
    number text PRIMARY KEY,             -- E.164
    is_stopped boolean NOT NULL,
    inbound bigint NOT NULL REFERENCES sms_inbound,      -- its last text about it
    changed_at timestamptz NOT NULL,
    changed_by integer REFERENCES account                -- who lifted it for them; null: they wrote it
);

ALTER TABLE circular_recipient DROP CONSTRAINT circular_recipient_left_out_check;
ALTER TABLE circular_recipient ADD CONSTRAINT circular_recipient_left_out_check CHECK (left_out IN
    ('no_phone', 'bad_number', 'not_yours', 'stopped', 'duplicate', 'test_mode', 'over_cap', 'no_value'));

-- Who had said STOP before counts, as far as they are known.
INSERT INTO sms_stop (number, is_stopped, inbound, changed_at)
SELECT DISTINCT ON (source) source, true, id, received_at FROM sms_inbound WHERE route = 'stop' ORDER BY source, id DESC;
