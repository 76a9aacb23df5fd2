-- Finding one of 270,342 people while somebody types: by any part of the name, of its pinyin initials, of phone or code.
-- migrate:up

ALTER TABLE member ADD COLUMN pinyin text NOT NULL DEFAULT '';     -- wang xiao hong
ALTER TABLE member ADD COLUMN initials text NOT NULL DEFAULT '';   -- wxh
