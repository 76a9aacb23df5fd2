-- History: each position with its carrier and the step to it, added up by hour, member and grid.
-- migrate:up

-- 8 bytes more a row, and still no padding. Rows from before know no carrier (0) and no step.
ALTER TABLE position ADD COLUMN member integer NOT NULL DEFAULT 0;    -- who carried the terminal when it was stored; 0 nobody
ALTER TABLE position ADD COLUMN step_m smallint NOT NULL DEFAULT 0;   -- from the terminal's last believed fix; clipped
ALTER TABLE position ADD COLUMN step_s smallint NOT NULL DEFAULT 0;   -- since it, on the account of `grid`; clipped

-- TimescaleDB keeps this view's rows; here it is computed, and reads every position: member_hours() below, by the
-- index, is for one member. Neither suspect (1) nor inaccurate (8) fixes count.
CREATE VIEW member_hour AS
SELECT date_trunc('hour', fixed_at, 'UTC') AS hour, terminal, member, grid,
       count(*) AS fixes, sum(step_m) AS distance_m, sum(step_s) AS in_grid_s
FROM position
WHERE member > 0 AND flags & 9 = 0
GROUP BY 1, 2, 3, 4;

-- One statement for both flavours. The bounds are whole hours.
CREATE FUNCTION member_hours(of_member integer, first_hour timestamptz, end_hour timestamptz)
RETURNS TABLE (hour timestamptz, grid integer, fixes bigint, distance_m bigint, in_grid_s bigint)
LANGUAGE sql STABLE AS $$
    SELECT date_trunc('hour', fixed_at, 'UTC'), position.grid, count(*), sum(step_m), sum(step_s)
    FROM position
    WHERE position.terminal = ANY (ARRAY(SELECT terminal FROM terminal_carrier WHERE member = of_member))
        AND fixed_at >= first_hour AND fixed_at < end_hour AND member = of_member AND flags & 9 = 0
    GROUP BY 1, 2
$$;
