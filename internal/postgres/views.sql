-- Views for the usual questions. A metric counts on the UTC day on which it was emitted. Times are in milliseconds.
-- They are replaced at each export: columns are only ever added, at the end, for people build views of their own on them.

-- Each queue on each day: what was offered, answered and abandoned, and how long it took.
CREATE OR REPLACE VIEW {schema}.queue_days AS
SELECT (emit_date AT TIME ZONE 'UTC')::date AS day, queue_id, media_type,
  coalesce(sum(value) FILTER (WHERE name = 'nOffered'), 0)::bigint AS offered,
  count(*) FILTER (WHERE name = 'tAnswered') AS answered,
  count(*) FILTER (WHERE name = 'tAbandon') AS abandoned,
  coalesce(sum(value) FILTER (WHERE name = 'nOverSla'), 0)::bigint AS over_sla,
  coalesce(sum(value) FILTER (WHERE name = 'nTransferred'), 0)::bigint AS transferred,
  count(*) FILTER (WHERE name = 'tHandle') AS handled,
  (avg(value) FILTER (WHERE name = 'tAnswered'))::bigint AS answered_ms_avg,
  (avg(value) FILTER (WHERE name = 'tAbandon'))::bigint AS abandoned_ms_avg,
  (avg(value) FILTER (WHERE name = 'tHandle'))::bigint AS handled_ms_avg,
  (max(value) FILTER (WHERE name = 'tAcd'))::bigint AS acd_ms_max
FROM {schema}.metrics
WHERE queue_id IS NOT NULL AND emit_date IS NOT NULL
GROUP BY 1, 2, 3;

-- Each agent on each day.
CREATE OR REPLACE VIEW {schema}.agent_days AS
SELECT (emit_date AT TIME ZONE 'UTC')::date AS day, user_id, media_type,
  count(*) FILTER (WHERE name = 'tHandle') AS handled,
  coalesce(sum(value) FILTER (WHERE name = 'tHandle'), 0)::bigint AS handled_ms,
  coalesce(sum(value) FILTER (WHERE name = 'tTalkComplete'), 0)::bigint AS talk_ms,
  coalesce(sum(value) FILTER (WHERE name = 'tHeldComplete'), 0)::bigint AS held_ms,
  coalesce(sum(value) FILTER (WHERE name = 'tAcw'), 0)::bigint AS acw_ms,
  coalesce(sum(value) FILTER (WHERE name = 'nTransferred'), 0)::bigint AS transferred,
  count(*) FILTER (WHERE name = 'tNotResponding') AS not_responding
FROM {schema}.metrics
WHERE user_id IS NOT NULL AND emit_date IS NOT NULL
GROUP BY 1, 2, 3;

-- How often each wrap-up code was set, by the day on which its segment began.
CREATE OR REPLACE VIEW {schema}.wrap_up_days AS
SELECT (segment_start AT TIME ZONE 'UTC')::date AS day, queue_id, wrap_up_code,
  count(*) AS segments, count(DISTINCT conversation_id) AS conversations
FROM {schema}.segments
WHERE wrap_up_code IS NOT NULL AND segment_start IS NOT NULL
GROUP BY 1, 2, 3;

-- Conversations that have no end yet.
CREATE OR REPLACE VIEW {schema}.open_conversations AS
SELECT conversation_id, conversation_start, media_type, direction, last_queue_id, last_user_id, extracted_at
FROM {schema}.conversations
WHERE conversation_end IS NULL;
