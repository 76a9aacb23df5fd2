-- Who was in an area is answered from the index alone: the fixes of an hour lie on as many pages as there are fixes.
-- migrate:up

DROP INDEX position_grid;
CREATE INDEX position_grid ON position (grid, fixed_at) INCLUDE (terminal, lon, lat, flags);
