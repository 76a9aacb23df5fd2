-- Finding one of 270,342 people while somebody types: by any part of name, phone or code, by pinyin or its initials.
-- migrate:up

ALTER TABLE member ADD COLUMN pinyin text NOT NULL DEFAULT '';     -- wang xiao hong
ALTER TABLE member ADD COLUMN initials text NOT NULL DEFAULT '';   -- wxh

-- What people leave out when they type, or write in many ways.
CREATE FUNCTION squeezed(said text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN translate(lower(said), E' \t·•・-_.+()/''’', '');

-- All that a member is found by, a space before each, the name first; the text decides what a search finds.
CREATE FUNCTION member_text(name text, pinyin text, initials text, phone text, code text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ' ' || squeezed(name) || ' ' || squeezed(pinyin) || ' ' || initials || ' ' || squeezed(coalesce(phone, ''))
    || ' ' || squeezed(code);
-- Generated, so that no writer can forget it; kept, because a search in a small subtree reads its members one by one.
ALTER TABLE member ADD COLUMN found_by text NOT NULL
    GENERATED ALWAYS AS (member_text(name, pinyin, initials, phone, code)) STORED;

-- Of the name all pieces of one to three characters; of the rest the first one and two, and all pieces of three.
-- It calls none of ours: an index is built with an empty search path.
CREATE FUNCTION grams_of(said text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 500 AS $$
DECLARE
    words text[] := string_to_array(substr(said, 2), ' ');
    grams text[] := '{}';
    word text := words[1];
BEGIN
    FOR i IN 1 .. length(word) LOOP
        grams := grams || ARRAY[substr(word, i, 1), substr(word, i, 2), substr(word, i, 3)];
    END LOOP;
    FOREACH word IN ARRAY words[2:] LOOP
        CONTINUE WHEN word = '';
        grams := grams || ARRAY[left(word, 1), left(word, 2)];
        FOR i IN 1 .. length(word) - 2 LOOP
            grams := grams || substr(word, i, 3);
        END LOOP;
    END LOOP;
    RETURN grams;
END
$$;

-- Whether a text holds all of the words.
CREATE FUNCTION holds_all(said text, words text[]) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 5 AS $$
DECLARE
    word text;
BEGIN
    FOREACH word IN ARRAY words LOOP
        IF strpos(said, word) = 0 THEN
            RETURN false;
        END IF;
    END LOOP;
    RETURN true;
END
$$;

-- The statistics of its pieces tell the planner which words are rare.
CREATE INDEX member_search ON member USING gin (grams_of(found_by));
-- Exact hits come first.
CREATE INDEX member_initials ON member (initials);
CREATE INDEX member_pinyin ON member (squeezed(pinyin));
CREATE INDEX terminal_search ON terminal (lower(code) text_pattern_ops);
