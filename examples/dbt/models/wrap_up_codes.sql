-- How often each wrap-up code was given in each queue, by the UTC day on which the wrap-up began. An agent may change the code of a
-- conversation later: the lake has it as it is now.
select
    md5(concat_ws('|', (segment_start at time zone 'UTC')::date, coalesce(queue_id, ''), wrap_up_code)) as id,
    (segment_start at time zone 'UTC')::date as day,
    queue_id,
    wrap_up_code,
    count(*) as wrap_ups,
    count(distinct conversation_id) as conversations,
    sum(duration_ms)::bigint as after_call_ms
from {{ source('parley', 'segments') }}
where wrap_up_code is not null and segment_start is not null
group by (segment_start at time zone 'UTC')::date, queue_id, wrap_up_code
