-- Grid sets as people make them: by whom, from which, and those withdrawn before they took effect.
-- migrate:up

ALTER TABLE grid_set ADD COLUMN made_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE grid_set ADD COLUMN made_by integer REFERENCES account;
ALTER TABLE grid_set ADD COLUMN based_on integer REFERENCES grid_set;
ALTER TABLE grid_set ADD COLUMN withdrawn_at timestamptz;
CREATE INDEX grid_set_effect ON grid_set (takes_effect_at) WHERE withdrawn_at IS NULL;
