-- What became of the conversations that were offered to each queue, by day and medium. Times are in milliseconds.
--
-- The service level is the share of those that were answered in time, among those that were answered or given up: nOverSla is
-- emitted for an answer that came later than the queue's target.
with emitted as (
    select *, (emit_date at time zone 'UTC')::date as day
    from {{ source('parley', 'metrics') }}
    where queue_id is not null and emit_date is not null
),

counted as (
    select
        day,
        queue_id,
        media_type,
        coalesce(sum(value) filter (where name = 'nOffered'), 0)::bigint as offered,
        count(*) filter (where name = 'tAnswered') as answered,
        count(*) filter (where name = 'tAbandon') as abandoned,
        coalesce(sum(value) filter (where name = 'nOverSla'), 0)::bigint as answered_late,
        (avg(value) filter (where name = 'tAnswered'))::bigint as average_speed_of_answer_ms,
        (avg(value) filter (where name = 'tHandle'))::bigint as average_handle_ms
    from emitted
    group by day, queue_id, media_type
)

select
    md5(concat_ws('|', day, queue_id, media_type)) as id,
    *,
    (answered - answered_late)::double precision / nullif(answered + abandoned, 0) as service_level
from counted
