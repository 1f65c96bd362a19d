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
WITH booked AS (
    SELECT each.value AS scope, e.admitted_us - e.admitted_us % 900000000 AS slot_us,
           sum(e.cost_nanos) AS nanos
    FROM llm_usage_logs AS e, json_each(e.scopes) AS each GROUP BY 1, 2
)
SELECT '9 spending', scope || ' from ' || slot_us, coalesce(booked.nanos, 0) || ' nano-dollars',
       coalesce(s.spent_nanos, 0)
FROM booked FULL JOIN scope_spending AS s USING (scope, slot_us)
WHERE coalesce(booked.nanos, 0) <> coalesce(s.spent_nanos, 0);

-- name: corrections
-- Every correction names an entry of the book.
SELECT '11 correction', a.id, 'names an entry of the book', coalesce(a.corrects, 'names none')
FROM llm_usage_logs AS a LEFT JOIN llm_usage_logs AS e ON e.id = a.corrects
WHERE a.kind = 'adjustment' AND e.id IS NULL;

-- name: closings
-- Every reservation was charged exactly its entries; an open or released one has none.
WITH booked AS (
    SELECT reservation_id AS id, sum(cost_nanos) AS nanos, count(*) AS lines FROM llm_usage_logs GROUP BY 1
)
SELECT '3 closing', id, coalesce(r.state || ' at ' || r.charged_nanos, 'a reservation') || ' nano-dollars',
       coalesce(booked.lines || ' entries, ' || booked.nanos || ' nano-dollars', 'no entry')
FROM reservations AS r FULL JOIN booked USING (id)
WHERE r.state IS NULL
   OR coalesce(booked.nanos, 0) <> r.charged_nanos
   OR (r.state IN ('held', 'released') AND booked.lines > 0)
   OR (r.state = 'presumed' AND (booked.lines <> 1 OR r.charged_nanos <> r.bound_nanos))
   OR (r.state = 'held') <> (r.blank IS NOT NULL);
