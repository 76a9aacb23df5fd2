-- SMS over operators' SMS centres: segments as the operator knows them, its receipts, and what people write back.
-- migrate:up

-- One segment that an operator took. No foreign key: rows are made from deliveries that are never deleted, 4,000 a second.
CREATE TABLE sms_segment (
    delivery bigint NOT NULL,            -- delivery.id
    attempt smallint NOT NULL,
    part smallint NOT NULL,              -- from 1
    parts smallint NOT NULL,
    provider text NOT NULL,              -- the gateway's name
    operator_id text NOT NULL,           -- message_id of submit_sm_resp
    address text NOT NULL,
    state text NOT NULL DEFAULT 'under_way' CHECK (state IN ('under_way', 'delivered', 'failed', 'expired')),
    word text NOT NULL DEFAULT '',       -- the operator's: DELIVRD, UNDELIV, ... and its error
    taken_at timestamptz NOT NULL,
    settled_at timestamptz,
    ask_at timestamptz,                  -- when to ask the operator (query_sm); null: there is nothing to ask
    PRIMARY KEY (delivery, attempt, part)
);
CREATE INDEX sms_segment_operator ON sms_segment (provider, operator_id);
CREATE INDEX sms_segment_ask ON sms_segment (provider, ask_at) WHERE ask_at IS NOT NULL;

-- What an operator said, stored before it is told that we know. It finds its segment now, or later: the receipt may be
-- quicker than our own commit of the segment's id.
CREATE TABLE sms_receipt (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    provider text NOT NULL,
    operator_id text NOT NULL,
    state text NOT NULL CHECK (state IN ('under_way', 'delivered', 'failed', 'expired')),
    word text NOT NULL,
    source text NOT NULL CHECK (source IN ('receipt', 'query')),
    received_at timestamptz NOT NULL,
    fate text NOT NULL DEFAULT 'waiting' CHECK (fate IN
        ('waiting',                      -- for its segment
         'applied',
         'repeated',                     -- its segment had its last word before
         'unmatched'))                   -- no segment of ours came in time
);
CREATE INDEX sms_receipt_waiting ON sms_receipt (provider, operator_id) WHERE fate = 'waiting';

-- A message of somebody's phone, a row for each of its parts; the first part carries what became of the whole.
CREATE TABLE sms_inbound (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    provider text NOT NULL,
    source text NOT NULL,                -- E.164 where it is a number
    destination text NOT NULL,
    body text NOT NULL,
    reference integer,                   -- of a message in parts; null: it is whole
    part smallint NOT NULL DEFAULT 1,
    parts smallint NOT NULL DEFAULT 1,
    received_at timestamptz NOT NULL,
    route text CHECK (route IN          -- null: nobody has looked at it
        ('acknowledgement', 'stop', 'resident',
         'part')),                       -- of the message whose first row is `whole`
    whole bigint REFERENCES sms_inbound,
    text text,                           -- the whole message, in its first row
    alert uuid REFERENCES alert,         -- which it acknowledges
    member integer REFERENCES member,    -- whose number it is
    routed_at timestamptz
);
CREATE INDEX sms_inbound_new ON sms_inbound (id) WHERE route IS NULL;
CREATE INDEX sms_inbound_route ON sms_inbound (route, received_at) WHERE route IS NOT NULL AND route <> 'part';
CREATE INDEX sms_inbound_source ON sms_inbound (source, received_at);
