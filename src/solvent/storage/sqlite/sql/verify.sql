-- What must hold on the stored books. Each statement returns what does not: promise, subject, expected, found.

-- name: balances_spent
-- Each account has spent what its scope was charged for calls admitted in its window.
SELECT '9 balance', scope || ' ' || period || ' from ' || start_us, booked || ' nano-dollars spent', spent_nanos
FROM (SELECT a.*, (SELECT coalesce(sum(s.spent_nanos), 0) FROM scope_spending AS s
                   WHERE s.scope = a.scope AND s.slot_us >= a.start_us AND s.slot_us < a.end_us) AS booked
      FROM accounts AS a)
WHERE booked <> spent_nanos;

-- name: balances_held
-- Each account holds the bounds of the open reservations of its scope that were admitted in its window.
WITH held AS (
    SELECT each.value AS scope, r.admitted_us, r.bound_nanos
    FROM reservations AS r, json_each(r.scopes) AS each WHERE r.state = 'held'
), sums AS (
    SELECT a.scope, a.period, a.time_zone, a.start_us, sum(h.bound_nanos) AS bounds
    FROM accounts AS a JOIN held AS h
      ON h.scope = a.scope AND h.admitted_us >= a.start_us AND h.admitted_us < a.end_us
    GROUP BY 1, 2, 3, 4
)
SELECT '9 balance', a.scope || ' ' || a.period || ' from ' || a.start_us,
       coalesce(sums.bounds, 0) || ' nano-dollars held', a.held_nanos
FROM accounts AS a LEFT JOIN sums USING (scope, period, time_zone, start_us)
WHERE coalesce(sums.bounds, 0) <> a.held_nanos;

-- name: spending
-- What each scope spent in each quarter of an hour is the sum of its entries.
WITH both (scope, slot_us, booked, kept) AS (
    SELECT each.value, e.admitted_us - e.admitted_us % 900000000, e.cost_nanos, 0
    FROM llm_usage_logs AS e, json_each(e.scopes) AS each
    UNION ALL
    SELECT scope, slot_us, 0, spent_nanos FROM scope_spending
)
SELECT '9 spending', scope || ' from ' || slot_us, sum(booked) || ' nano-dollars', sum(kept)
FROM both GROUP BY scope, slot_us HAVING sum(booked) <> sum(kept);

-- name: corrections
-- Every correction names an entry of the book.
SELECT '11 correction', a.id, 'names an entry of the book', coalesce(a.corrects, 'names none')
FROM llm_usage_logs AS a LEFT JOIN llm_usage_logs AS e ON e.id = a.corrects
WHERE a.kind = 'adjustment' AND e.id IS NULL;

-- name: closings
-- Every reservation was charged exactly its entries; an open or released one has none.
WITH booked AS MATERIALIZED (
    SELECT reservation_id AS id, sum(cost_nanos) AS nanos, count(*) AS lines FROM llm_usage_logs GROUP BY 1
)
SELECT '3 closing', r.id, r.state || ' at ' || r.charged_nanos || ' nano-dollars',
       coalesce(booked.lines || ' entries, ' || booked.nanos || ' nano-dollars', 'no entry')
FROM reservations AS r LEFT JOIN booked ON booked.id = r.id
WHERE coalesce(booked.nanos, 0) <> r.charged_nanos
   OR (r.state IN ('held', 'released') AND booked.lines > 0)
   OR (r.state = 'presumed' AND (booked.lines IS NOT 1 OR r.charged_nanos <> r.bound_nanos))
   OR (r.state = 'held') <> (r.blank IS NOT NULL)
UNION ALL
SELECT '10 entry', booked.id, 'a reservation', 'entries without one'
FROM booked LEFT JOIN reservations AS r ON r.id = booked.id WHERE r.id IS NULL;
