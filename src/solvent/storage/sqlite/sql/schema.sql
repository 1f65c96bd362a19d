-- What a new database gets. Money is in nano-dollars, instants in microseconds since the epoch (UTC).
-- The file is marked as solvent's by application_id; user_version is the version of this schema.

-- The book: one line per attempt, corrections as lines of their own, in the order they were booked.
-- scopes is a JSON array of the scopes charged, tags one of KEY=VALUE.
CREATE TABLE llm_usage_logs (
    number           INTEGER PRIMARY KEY,
    reservation_id   TEXT    NOT NULL,
    id               TEXT    NOT NULL UNIQUE,
    call_id          TEXT    NOT NULL,
    kind             TEXT    NOT NULL,
    corrects         TEXT,
    scopes           TEXT    NOT NULL,
    customer_id      TEXT,
    agent_id         TEXT,
    campaign_id      TEXT,
    key_id           TEXT,
    tags             TEXT    NOT NULL,
    operation        TEXT    NOT NULL,
    dialect          TEXT    NOT NULL,
    provider         TEXT    NOT NULL,
    deployment       TEXT    NOT NULL,
    model_asked      TEXT    NOT NULL,
    model            TEXT    NOT NULL,
    input            INTEGER NOT NULL,
    input_audio      INTEGER NOT NULL,
    input_image      INTEGER NOT NULL,
    input_video      INTEGER NOT NULL,
    cached_input     INTEGER NOT NULL,
    cached_audio     INTEGER NOT NULL,
    cached_image     INTEGER NOT NULL,
    cache_write_5m   INTEGER NOT NULL,
    cache_write_1h   INTEGER NOT NULL,
    output           INTEGER NOT NULL,
    reasoning        INTEGER NOT NULL,
    output_audio     INTEGER NOT NULL,
    output_image     INTEGER NOT NULL,
    web_searches     INTEGER NOT NULL,
    file_searches    INTEGER NOT NULL,
    cost_nanos       INTEGER NOT NULL,
    bound_nanos      INTEGER NOT NULL,
    price_version    TEXT    NOT NULL,
    certainty        TEXT    NOT NULL,
    outcome          TEXT    NOT NULL,
    detail           TEXT    NOT NULL,
    status           INTEGER,
    streamed         INTEGER NOT NULL,
    provider_call_id TEXT    NOT NULL,
    admitted_us      INTEGER NOT NULL,
    booked_us        INTEGER NOT NULL,
    latency_ms       INTEGER NOT NULL,
    first_byte_ms    INTEGER
) STRICT;
CREATE INDEX llm_usage_logs_by_instant ON llm_usage_logs (admitted_us);
CREATE INDEX llm_usage_logs_by_call ON llm_usage_logs (call_id);

CREATE TRIGGER llm_usage_logs_no_update BEFORE UPDATE ON llm_usage_logs
BEGIN
    SELECT RAISE(ABORT, 'ledger entries are never changed; append a correction');
END;
CREATE TRIGGER llm_usage_logs_no_delete BEFORE DELETE ON llm_usage_logs
BEGIN
    SELECT RAISE(ABORT, 'ledger entries are never deleted; append a correction');
END;

-- The rules. raise_nanos is added to the limit until raise_until_us.
CREATE TABLE llm_budget_limits (
    scope          TEXT    NOT NULL,
    period         TEXT    NOT NULL,
    hard           INTEGER NOT NULL,
    limit_nanos    INTEGER NOT NULL,
    time_zone      TEXT    NOT NULL,
    active         INTEGER NOT NULL,
    raise_nanos    INTEGER NOT NULL,
    raise_until_us INTEGER,
    PRIMARY KEY (scope, period, hard)
) STRICT, WITHOUT ROWID;

-- Balances: one row per scope and window that is counted; end_us of a lifetime is the largest integer.
CREATE TABLE accounts (
    scope       TEXT    NOT NULL,
    period      TEXT    NOT NULL,
    time_zone   TEXT    NOT NULL,
    start_us    INTEGER NOT NULL,
    end_us      INTEGER NOT NULL,
    spent_nanos INTEGER NOT NULL,
    held_nanos  INTEGER NOT NULL,
    PRIMARY KEY (scope, end_us, period, time_zone, start_us)
) STRICT, WITHOUT ROWID;
CREATE INDEX accounts_by_end ON accounts (end_us);

-- Every reservation for ever, so that a repeat finds its first answer. asked and told are digests of what
-- it was admitted and settled with; blank is the entry to book should its fate stay unknown, while it is open.
CREATE TABLE reservations (
    id              TEXT    NOT NULL PRIMARY KEY,
    state           TEXT    NOT NULL,
    bound_nanos     INTEGER NOT NULL,
    admitted_us     INTEGER NOT NULL,
    expires_us      INTEGER NOT NULL,
    owner           TEXT    NOT NULL,
    scopes          TEXT    NOT NULL,
    remaining_nanos INTEGER,
    asked           BLOB    NOT NULL,
    blank           TEXT,
    charged_nanos   INTEGER NOT NULL,
    late            INTEGER NOT NULL,
    left_nanos      INTEGER,
    told            BLOB,
    presumed_as     TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX reservations_open ON reservations (expires_us) WHERE state = 'held';

-- The line of calls that wait for held money; accounts is a JSON array of [scope, period, zone, start_us].
CREATE TABLE waiting (
    ask_id    TEXT    NOT NULL PRIMARY KEY,
    queued_us INTEGER NOT NULL,
    until_us  INTEGER NOT NULL,
    accounts  TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- What each scope spent in each quarter of an hour: fills an account that is opened late.
CREATE TABLE scope_spending (
    scope       TEXT    NOT NULL,
    slot_us     INTEGER NOT NULL,
    spent_nanos INTEGER NOT NULL,
    PRIMARY KEY (scope, slot_us)
) STRICT, WITHOUT ROWID;
CREATE INDEX scope_spending_by_slot ON scope_spending (slot_us);

-- Totals per hour. A row with an empty tag counts every entry; one with KEY=VALUE those that carry it.
-- Customer, agent and campaign are empty where a call had none.
CREATE TABLE usage_hours (
    hour_us          INTEGER NOT NULL,
    tag              TEXT    NOT NULL,
    customer         TEXT    NOT NULL,
    agent            TEXT    NOT NULL,
    campaign         TEXT    NOT NULL,
    provider         TEXT    NOT NULL,
    model            TEXT    NOT NULL,
    calls            INTEGER NOT NULL,
    failures         INTEGER NOT NULL,
    cost_nanos       INTEGER NOT NULL,
    presumed_nanos   INTEGER NOT NULL,
    latency_ms       INTEGER NOT NULL,
    input            INTEGER NOT NULL,
    input_audio      INTEGER NOT NULL,
    input_image      INTEGER NOT NULL,
    input_video      INTEGER NOT NULL,
    cached_input     INTEGER NOT NULL,
    cached_audio     INTEGER NOT NULL,
    cached_image     INTEGER NOT NULL,
    cache_write_5m   INTEGER NOT NULL,
    cache_write_1h   INTEGER NOT NULL,
    output           INTEGER NOT NULL,
    reasoning        INTEGER NOT NULL,
    output_audio     INTEGER NOT NULL,
    output_image     INTEGER NOT NULL,
    web_searches     INTEGER NOT NULL,
    file_searches    INTEGER NOT NULL,
    PRIMARY KEY (hour_us, tag, customer, agent, campaign, provider, model)
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_hours_by_customer ON usage_hours (customer, hour_us) WHERE customer <> '';
CREATE INDEX usage_hours_by_agent ON usage_hours (agent, hour_us) WHERE agent <> '';
CREATE INDEX usage_hours_by_campaign ON usage_hours (campaign, hour_us) WHERE campaign <> '';

-- The entries as rows of usage_hours before they are summed: what those totals must equal, and the source of
-- the parts of an hour at either end of a query.
CREATE VIEW usage_lines AS
SELECT admitted_us, admitted_us - admitted_us % 3600000000 AS hour_us, '' AS tag,
       coalesce(customer_id, '') AS customer, coalesce(agent_id, '') AS agent,
       coalesce(campaign_id, '') AS campaign, provider, model,
       kind = 'attempt' AS calls, kind = 'attempt' AND outcome <> 'ok' AS failures, cost_nanos,
       CASE certainty WHEN 'presumed' THEN cost_nanos ELSE 0 END AS presumed_nanos, latency_ms, input,
       input_audio, input_image, input_video, cached_input, cached_audio, cached_image,
       cache_write_5m, cache_write_1h, output, reasoning, output_audio, output_image, web_searches,
       file_searches
FROM llm_usage_logs
UNION ALL
SELECT admitted_us, admitted_us - admitted_us % 3600000000, tag.value,
       coalesce(customer_id, ''), coalesce(agent_id, ''), coalesce(campaign_id, ''), provider, model,
       kind = 'attempt', kind = 'attempt' AND outcome <> 'ok', cost_nanos,
       CASE certainty WHEN 'presumed' THEN cost_nanos ELSE 0 END, latency_ms, input, input_audio,
       input_image, input_video, cached_input, cached_audio, cached_image, cache_write_5m,
       cache_write_1h, output, reasoning, output_audio, output_image, web_searches, file_searches
FROM llm_usage_logs, json_each(llm_usage_logs.tags) AS tag;

-- Payment risk: assessments, what was said about them, and what was done to limits, in the order they were
-- appended. document is JSON of the kind's shape; about is the id of the record that this one follows.
CREATE TABLE risk_records (
    number      INTEGER PRIMARY KEY,
    id          TEXT    NOT NULL UNIQUE,
    kind        TEXT    NOT NULL,
    customer_id TEXT,
    about       TEXT,
    recorded_us INTEGER NOT NULL,
    document    TEXT    NOT NULL
) STRICT;
CREATE INDEX risk_records_by_customer ON risk_records (kind, customer_id) WHERE customer_id IS NOT NULL;
CREATE INDEX risk_records_by_about ON risk_records (about) WHERE about IS NOT NULL;

CREATE TRIGGER risk_records_no_update BEFORE UPDATE ON risk_records
BEGIN
    SELECT RAISE(ABORT, 'records of risk are never changed; append another');
END;
CREATE TRIGGER risk_records_no_delete BEFORE DELETE ON risk_records
BEGIN
    SELECT RAISE(ABORT, 'records of risk are never deleted; append another');
END;
