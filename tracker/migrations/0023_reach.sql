-- Who is to be called by telephone: said once, for the list, its figures, its export and the final report.
-- migrate:up

-- Of an alert's audience those who gave no answer to the version in force and whom
--   failed: no channel has told, and none will
--   unknown: was told, and no receipt came in time
--   overdue: was told, and has not answered within `answer_within` at `at` (null: nobody is late)
-- Told is alerts.core.states.TOLD.
CREATE FUNCTION unreached_of(of_alert uuid, answer_within interval, at timestamptz)
RETURNS TABLE (member integer, phone text, unit integer, reasons jsonb, why text, told_at timestamptz)
LANGUAGE sql STABLE AS $$
    WITH head AS (
        SELECT id, in_force FROM alert WHERE id = unreached_of.of_alert AND in_force IS NOT NULL
    ), heard AS MATERIALIZED (
        SELECT d.member,
               bool_or(d.state IN ('sending', 'sent', 'delivered', 'unknown') OR d.is_possible_duplicate) AS is_told,
               bool_or(d.state = 'delivered') AS is_delivered,
               bool_or(d.state = 'unknown') AS is_unknown,
               bool_or(d.state = 'queued') AS is_queued,
               min(d.sent_at) AS told_at
        FROM head
        JOIN delivery d ON d.alert = head.id AND d.version = head.in_force AND d.kind IN ('telling', 'passed_down')
        GROUP BY d.member
    ), silent AS (
        SELECT p.member, p.phone, p.unit, p.reasons, h.told_at,
               CASE WHEN NOT coalesce(h.is_told OR h.is_queued, false) THEN 'failed'
                    WHEN h.is_unknown AND NOT h.is_delivered THEN 'unknown'
                    WHEN h.told_at + unreached_of.answer_within <= unreached_of.at THEN 'overdue' END AS why
        FROM head
        JOIN audience p ON p.alert = head.id
        LEFT JOIN heard h ON h.member = p.member
        LEFT JOIN acknowledgement k ON (k.alert, k.version, k.member) = (head.id, head.in_force, p.member)
        WHERE k.member IS NULL
    )
    SELECT s.member, s.phone, s.unit, s.reasons, s.why, s.told_at FROM silent s WHERE s.why IS NOT NULL
$$;
