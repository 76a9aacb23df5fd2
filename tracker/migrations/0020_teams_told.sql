-- migrate:up
-- An alert may also be told to work teams, wherever its targets are: those who are in them when it is issued.
ALTER TABLE alert_version ADD COLUMN teams integer[] NOT NULL DEFAULT '{}';

DROP FUNCTION audience_of(integer[], text, integer[], integer[], text);

-- Who would be told: leaders of `grids` and of the grids below, down to level `depth` (null: all the way); `members`,
-- found inside the drawn area, with the ages of their fixes; and who is in `teams` now. Members who share a phone are
-- told once, as the lowest id.
CREATE FUNCTION audience_of(
    grids integer[], depth text, members integer[], ages_s integer[], why text, teams integer[]
)
RETURNS TABLE (member integer, phone text, language text, unit integer, reasons jsonb)
LANGUAGE sql STABLE AS $$
    -- First which units, each once (a target inside another one counts once), then who leads them: left to itself the
    -- planner compares every leader with every target (85,319 x 198: 1.5 s of 1.7).
    WITH told AS MATERIALIZED (
        SELECT DISTINCT u.id, u.tree_left, u.tree_right - u.tree_left AS width
        FROM unit target
        JOIN unit u ON u.tree_left BETWEEN target.tree_left AND target.tree_right AND u.closed_at IS NULL
        JOIN level l ON l.code = u.level
        WHERE target.id = ANY(audience_of.grids)
          AND l.rank <= coalesce((SELECT rank FROM level WHERE code = audience_of.depth), 32767)
    ), candidate AS (
        SELECT m.id AS member, m.phone, m.language, told.id AS unit, told.width, told.tree_left,
               jsonb_build_object('why', 'leader', 'unit', told.id, 'role', a.role) AS reason
        FROM told
        JOIN assignment a ON a.unit = told.id
        JOIN role r ON r.code = a.role AND r.is_leader
        JOIN member m ON m.id = a.member AND m.closed_at IS NULL
        UNION ALL
        SELECT m.id, m.phone, m.language, a.unit, -1, 0,
               jsonb_build_object('why', audience_of.why, 'fix_age_s', found.age_s)
        FROM unnest(audience_of.members, audience_of.ages_s) AS found(member, age_s)
        JOIN member m ON m.id = found.member AND m.closed_at IS NULL
        LEFT JOIN assignment a ON a.member = m.id AND a.is_primary
        UNION ALL
        SELECT m.id, m.phone, m.language, a.unit, -2, 0,
               jsonb_build_object('why', 'team', 'team', t.id, 'name', t.name)
        FROM work_team t
        JOIN work_team_member i ON i.team = t.id AND i.until IS NULL
        JOIN member m ON m.id = i.member AND m.closed_at IS NULL
        LEFT JOIN assignment a ON a.member = m.id AND a.is_primary
        WHERE t.id = ANY(audience_of.teams) AND t.closed_at IS NULL
    )
    SELECT min(c.member), c.phone, (array_agg(c.language ORDER BY c.member))[1],
           (array_agg(c.unit ORDER BY c.width DESC, c.tree_left))[1],
           jsonb_agg(c.reason ORDER BY c.width DESC, c.tree_left, c.member)
    FROM candidate c
    GROUP BY c.phone, CASE WHEN c.phone IS NULL THEN c.member END
$$;
