-- migrate:up
-- A role held by one account is lent to another for a period: the duty officer of the night. It is as good as the
-- lender's own role is at that moment, and cannot be lent on.
CREATE TABLE delegation (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    role text NOT NULL CHECK (role IN ('issuer', 'approver')),
    unit integer NOT NULL REFERENCES unit,         -- whose subtree it covers
    lender integer NOT NULL REFERENCES account,
    account integer NOT NULL REFERENCES account,   -- who stands in
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    reason text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    ended_at timestamptz,                          -- taken back, or given back, before its end
    CHECK (ends_at > starts_at),
    CHECK (account <> lender)
);
CREATE INDEX delegation_account ON delegation (account, ends_at);
CREATE INDEX delegation_lender ON delegation (lender, ends_at);
