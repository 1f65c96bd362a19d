-- Records of payment risk, each appended once. Instants are microseconds since the epoch.

-- name: append_record
-- Keys: the columns of risk_records. Result: none.
INSERT INTO risk_records (id, kind, customer_id, about, recorded_us, document)
VALUES (?, ?, ?, ?, ?, ?);

-- name: find_record
-- Keys: id. Result: the record, or none.
SELECT id, kind, customer_id, about, recorded_us, document FROM risk_records WHERE id = :id;

-- name: following_records
-- Keys: id. Result: the records about this one, in the order they were appended.
SELECT id, kind, customer_id, about, recorded_us, document FROM risk_records
WHERE about = :id ORDER BY number;

-- name: latest_records
-- Keys: kind. Result: the last record of this kind for each customer, by customer.
SELECT id, kind, customer_id, about, recorded_us, document FROM risk_records
WHERE number IN (
    SELECT max(number) FROM risk_records WHERE kind = :kind AND customer_id IS NOT NULL GROUP BY customer_id
)
ORDER BY customer_id;

-- name: latest_record_of_one
-- Keys: kind, customer_id. Result: as latest_records, of one customer.
SELECT id, kind, customer_id, about, recorded_us, document FROM risk_records
WHERE kind = :kind AND customer_id = :customer_id ORDER BY number DESC LIMIT 1;
