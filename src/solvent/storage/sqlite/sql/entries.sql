-- The book: appending entries with their totals, and reading them.
-- Rows are positional, in the order of codec.ENTRY_COLUMNS and tally.COUNTERS.

-- name: find_entry
-- Row: the id. Result: one entry, or none.
SELECT id, call_id, kind, corrects, scopes, customer_id, agent_id, campaign_id, key_id, tags,
       operation, dialect, provider, deployment, model_asked, model, input, input_audio, input_image,
       input_video, cached_input, cached_audio, cached_image, cache_write_5m, cache_write_1h, output,
       reasoning, output_audio, output_image, web_searches, file_searches, cost_nanos, bound_nanos,
       price_version, certainty, outcome, detail, status, streamed, provider_call_id, admitted_us,
       booked_us, latency_ms, first_byte_ms
FROM llm_usage_logs WHERE id = ?;

-- name: is_booked
-- Row: the id. Result: a row if there is an entry with this id.
SELECT 1 FROM llm_usage_logs WHERE id = ?;

-- name: append_entry
-- Row: the reservation's id, then the entry.
INSERT INTO llm_usage_logs
    (reservation_id,
     id, call_id, kind, corrects, scopes, customer_id, agent_id, campaign_id, key_id, tags,
     operation, dialect, provider, deployment, model_asked, model, input, input_audio, input_image,
     input_video, cached_input, cached_audio, cached_image, cache_write_5m, cache_write_1h, output,
     reasoning, output_audio, output_image, web_searches, file_searches, cost_nanos, bound_nanos,
     price_version, certainty, outcome, detail, status, streamed, provider_call_id, admitted_us,
     booked_us, latency_ms, first_byte_ms)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
        ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: add_usage
-- Row: hour, tag, customer, agent, campaign, provider, model, then what to add to each counter.
INSERT INTO usage_hours
    (hour_us, tag, customer, agent, campaign, provider, model, calls, failures, cost_nanos,
     presumed_nanos, latency_ms, input, input_audio, input_image, input_video, cached_input,
     cached_audio, cached_image, cache_write_5m, cache_write_1h, output, reasoning, output_audio,
     output_image, web_searches, file_searches)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET
    calls = calls + excluded.calls,
    failures = failures + excluded.failures,
    cost_nanos = cost_nanos + excluded.cost_nanos,
    presumed_nanos = presumed_nanos + excluded.presumed_nanos,
    latency_ms = latency_ms + excluded.latency_ms,
    input = input + excluded.input,
    input_audio = input_audio + excluded.input_audio,
    input_image = input_image + excluded.input_image,
    input_video = input_video + excluded.input_video,
    cached_input = cached_input + excluded.cached_input,
    cached_audio = cached_audio + excluded.cached_audio,
    cached_image = cached_image + excluded.cached_image,
    cache_write_5m = cache_write_5m + excluded.cache_write_5m,
    cache_write_1h = cache_write_1h + excluded.cache_write_1h,
    output = output + excluded.output,
    reasoning = reasoning + excluded.reasoning,
    output_audio = output_audio + excluded.output_audio,
    output_image = output_image + excluded.output_image,
    web_searches = web_searches + excluded.web_searches,
    file_searches = file_searches + excluded.file_searches;
