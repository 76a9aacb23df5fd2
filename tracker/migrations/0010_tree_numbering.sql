-- Which numbering of the tree holds: intervals read under one say nothing under the next.
-- migrate:up

CREATE TABLE tree_numbering (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    number bigint NOT NULL DEFAULT 1
);
INSERT INTO tree_numbering DEFAULT VALUES;

CREATE FUNCTION note_numbering() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tree_numbering SET number = number + 1;
    RETURN NULL;
END $$;

-- A new unit has no number yet: whoever adds one numbers the tree anew, and that counts.
CREATE TRIGGER unit_numbered AFTER UPDATE OF tree_left, tree_right ON unit
    FOR EACH STATEMENT EXECUTE FUNCTION note_numbering();
