-- What the writer reads and writes inside a transaction. Each statement is named by the line above it.
-- Keys are named parameters; rows that are written in bulk are positional, in the order of the columns.
-- Money is in nano-dollars, instants in microseconds since the epoch.

-- name: find_reservation
-- Row: the id. Result: the row of one reservation, or none.
SELECT id, bound_nanos, admitted_us, expires_us, owner, scopes, remaining_nanos,
       asked, blank, state, charged_nanos, late, left_nanos, told, presumed_as
FROM reservations WHERE id = ?;

-- name: write_hold
-- Row: a reservation that was admitted just now.
INSERT INTO reservations (id, bound_nanos, admitted_us, expires_us, owner, scopes, remaining_nanos,
                          asked, blank, state, charged_nanos, late)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'held', 0, 0);

-- name: write_closing
-- Row: state, charged, late, what its budgets had left, digest of the entries, presumed entry; then the id.
UPDATE reservations
SET state = ?, charged_nanos = ?, late = ?, left_nanos = ?, told = ?, presumed_as = ?, blank = NULL
WHERE id = ?;

-- name: accounts_of_scope
-- Keys: scope, instant_us. Result: the accounts of one scope whose window holds the instant.
SELECT scope, period, time_zone, start_us, spent_nanos, held_nanos
FROM accounts WHERE scope = :scope AND end_us > :instant_us AND start_us <= :instant_us;

-- name: put_account
-- Row: an account and its balance, new or changed.
INSERT INTO accounts (scope, period, time_zone, start_us, end_us, spent_nanos, held_nanos)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET spent_nanos = excluded.spent_nanos, held_nanos = excluded.held_nanos;

-- name: spent_by_scope
-- Keys: scope, start_us, end_us. Result: what the scope was charged for calls admitted in that stretch.
SELECT coalesce(sum(spent_nanos), 0) FROM scope_spending
WHERE scope = :scope AND slot_us >= :start_us AND slot_us < :end_us;

-- name: held_by_scope
-- Keys: scope, start_us, end_us. Result: the bounds of open reservations that the scope was admitted with then.
SELECT coalesce(sum(bound_nanos), 0) FROM reservations
WHERE state = 'held' AND admitted_us >= :start_us AND admitted_us < :end_us
  AND EXISTS (SELECT 1 FROM json_each(reservations.scopes) WHERE value = :scope);

-- name: spenders
-- Keys: since_us, first and last (the range of texts that begin like the default). Result: scopes.
SELECT DISTINCT scope FROM scope_spending
WHERE slot_us >= :since_us AND scope >= :first AND scope < :last
UNION
SELECT each.value FROM reservations, json_each(reservations.scopes) AS each
WHERE state = 'held' AND admitted_us >= :since_us AND each.value >= :first AND each.value < :last
ORDER BY 1;

-- name: add_spending
-- Row: a scope, a quarter of an hour, and what it was charged.
INSERT INTO scope_spending (scope, slot_us, spent_nanos) VALUES (?, ?, ?)
ON CONFLICT DO UPDATE SET spent_nanos = spent_nanos + excluded.spent_nanos;

-- name: budgets_of_scope
-- Keys: scope. Result: its budgets.
SELECT scope, period, limit_nanos, hard, time_zone, active, raise_nanos, raise_until_us
FROM llm_budget_limits WHERE scope = :scope ORDER BY period, hard;

-- name: put_budget
-- Row: a budget, in the order of the columns of budgets_of_scope.
INSERT INTO llm_budget_limits
    (scope, period, limit_nanos, hard, time_zone, active, raise_nanos, raise_until_us)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET
    limit_nanos = excluded.limit_nanos, time_zone = excluded.time_zone, active = excluded.active,
    raise_nanos = excluded.raise_nanos, raise_until_us = excluded.raise_until_us;

-- name: drop_budget
-- Row: scope, period, hard.
DELETE FROM llm_budget_limits WHERE scope = ? AND period = ? AND hard = ?;

-- name: waiting
-- Result: the whole line, first come first.
SELECT ask_id, queued_us, until_us, accounts FROM waiting ORDER BY queued_us, ask_id;

-- name: put_place
-- Row: a place in line, in the order of the columns of waiting.
INSERT INTO waiting (ask_id, queued_us, until_us, accounts) VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET
    queued_us = excluded.queued_us, until_us = excluded.until_us, accounts = excluded.accounts;

-- name: drop_place
-- Row: the id of an ask.
DELETE FROM waiting WHERE ask_id = ?;
