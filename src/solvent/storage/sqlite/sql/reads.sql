-- What queries read, each on a connection that cannot write.

-- name: holds
-- Keys: owner, expired_before_us (null: any). Result: open reservations and their blank entries, oldest first.
SELECT id, bound_nanos, admitted_us, expires_us, owner, scopes, remaining_nanos, blank
FROM reservations
WHERE state = 'held' AND (:owner IS NULL OR owner = :owner)
  AND (:expired_before_us IS NULL OR expires_us < :expired_before_us)
ORDER BY admitted_us, id;

-- name: budgets
-- Result: all budgets, by scope, period and kind.
SELECT scope, period, limit_nanos, hard, time_zone, active, raise_nanos, raise_until_us
FROM llm_budget_limits ORDER BY scope, period, hard;

-- name: balance
-- Keys: scope, end_us, period, time_zone, start_us. Result: one account's balance, or none.
SELECT spent_nanos, held_nanos FROM accounts
WHERE scope = :scope AND end_us = :end_us AND period = :period AND time_zone = :time_zone
  AND start_us = :start_us;

-- name: accounts
-- Keys: at_us. Result: accounts whose window holds the instant and that count anything, by scope.
SELECT scope, period, time_zone, start_us, spent_nanos, held_nanos FROM accounts
WHERE end_us > :at_us AND start_us <= :at_us AND (spent_nanos <> 0 OR held_nanos <> 0)
ORDER BY scope, period, time_zone;

-- name: accounts_of_one
-- Keys: at_us, scope. Result: as accounts, of one scope.
SELECT scope, period, time_zone, start_us, spent_nanos, held_nanos FROM accounts
WHERE scope = :scope AND end_us > :at_us AND start_us <= :at_us AND (spent_nanos <> 0 OR held_nanos <> 0)
ORDER BY scope, period, time_zone;
