-- History: each position with its carrier and the step to it, added up by hour, member and grid.
-- Outside a transaction, because a continuous aggregate wants none: every statement may be run again.
-- migrate:up transaction:false

-- 8 bytes more a row, and still no padding. Rows from before know no carrier (0) and no step. With a columnstore a column
-- that is NOT NULL needs a constant default, which compressed chunks then answer without being rewritten.
ALTER TABLE position ADD COLUMN IF NOT EXISTS member integer NOT NULL DEFAULT 0;    -- who carried the terminal when it was stored; 0 nobody
ALTER TABLE position ADD COLUMN IF NOT EXISTS step_m smallint NOT NULL DEFAULT 0;   -- from the terminal's last believed fix; clipped
ALTER TABLE position ADD COLUMN IF NOT EXISTS step_s smallint NOT NULL DEFAULT 0;   -- since it, on the account of `grid`; clipped

-- Real-time (materialized_only off): the running hour is read from `position` beside what is kept, by its index, because
-- the terminal is a column to ask by. Neither suspect (1) nor inaccurate (8) fixes count.
CREATE MATERIALIZED VIEW IF NOT EXISTS member_hour
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT time_bucket(INTERVAL '1 hour', fixed_at) AS hour, terminal, member, grid,
       count(*) AS fixes, sum(step_m) AS distance_m, sum(step_s) AS in_grid_s
FROM position
WHERE member > 0 AND flags & 9 = 0
GROUP BY time_bucket(INTERVAL '1 hour', fixed_at), terminal, member, grid
WITH NO DATA;

-- As far back as a fix may still come (90 days): only hours that changed are computed again. Retention keeps at least 91.
SELECT add_continuous_aggregate_policy('member_hour',
    start_offset => INTERVAL '90 days', end_offset => INTERVAL '1 hour', schedule_interval => INTERVAL '30 minutes',
    if_not_exists => true);

-- One statement for both flavours. The bounds are whole hours.
CREATE OR REPLACE FUNCTION member_hours(of_member integer, first_hour timestamptz, end_hour timestamptz)
RETURNS TABLE (hour timestamptz, grid integer, fixes bigint, distance_m bigint, in_grid_s bigint)
LANGUAGE sql STABLE AS $$
    SELECT member_hour.hour, member_hour.grid, sum(member_hour.fixes)::bigint, sum(member_hour.distance_m)::bigint,
           sum(member_hour.in_grid_s)::bigint
    FROM member_hour
    WHERE member_hour.terminal = ANY (ARRAY(SELECT terminal FROM terminal_carrier WHERE member = of_member))
        AND member_hour.hour >= first_hour AND member_hour.hour < end_hour AND member_hour.member = of_member
    GROUP BY 1, 2
$$;
