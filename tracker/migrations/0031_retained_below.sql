-- The alert in force is retained in the grids below a target too. A large issue sets those behind its own commit.
-- migrate:up

ALTER TABLE waiting_mailing ADD COLUMN is_retained boolean NOT NULL DEFAULT false;  -- the grids below have the message
