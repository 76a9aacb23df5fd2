-- What changes at every fix.
-- migrate:up

-- A round of checkpoints writes all terminals of a page at once: with as much room as rows, none moves to another page.
-- What the planner knows of them does not change with them; analysing costs half a second of the database's each minute.
ALTER TABLE terminal_state SET (fillfactor = 45, autovacuum_analyze_scale_factor = 10);
-- A young table doubles every few minutes.
ALTER TABLE crossing SET (autovacuum_analyze_scale_factor = 0.5);
