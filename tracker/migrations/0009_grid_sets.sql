-- Grid sets as people make them: by whom, from which, and those withdrawn before they took effect.
-- migrate:up

ALTER TABLE grid_set ADD COLUMN made_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE grid_set ADD COLUMN made_by integer REFERENCES account;
ALTER TABLE grid_set ADD COLUMN based_on integer REFERENCES grid_set;
ALTER TABLE grid_set ADD COLUMN withdrawn_at timestamptz;
CREATE INDEX grid_set_effect ON grid_set (takes_effect_at) WHERE withdrawn_at IS NULL;
ALTER TABLE grid_set ADD COLUMN made_units integer[] NOT NULL DEFAULT '{}';   -- closed again when it is withdrawn

-- The one rule of which set counts: the latest that has taken effect. 0: none.
CREATE FUNCTION grid_set_at(moment timestamptz) RETURNS integer LANGUAGE sql STABLE RETURN COALESCE((
    SELECT version FROM grid_set
    WHERE takes_effect_at <= moment AND withdrawn_at IS NULL
    ORDER BY takes_effect_at DESC, version DESC LIMIT 1
), 0);
