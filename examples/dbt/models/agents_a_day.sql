-- What each agent did on each day, by medium. A metric counts on the UTC day on which it was emitted, as in the platform's own
-- reports, and so a conversation over midnight counts on both days. Times are in milliseconds.
with emitted as (
    select *, (emit_date at time zone 'UTC')::date as day
    from {{ source('parley', 'metrics') }}
    where user_id is not null and emit_date is not null
)

select
    md5(concat_ws('|', day, user_id, media_type)) as id,
    day,
    user_id,
    media_type,
    count(distinct conversation_id) as conversations,
    count(*) filter (where name = 'tHandle') as handled,
    coalesce(sum(value) filter (where name = 'tHandle'), 0)::bigint as handle_ms,
    coalesce(sum(value) filter (where name = 'tTalkComplete'), 0)::bigint as talk_ms,
    coalesce(sum(value) filter (where name = 'tHeldComplete'), 0)::bigint as hold_ms,
    coalesce(sum(value) filter (where name = 'tAcw'), 0)::bigint as after_call_ms,
    (avg(value) filter (where name = 'tHandle'))::bigint as average_handle_ms,
    coalesce(sum(value) filter (where name = 'nTransferred'), 0)::bigint as transferred,
    count(*) filter (where name = 'tNotResponding') as not_responding
from emitted
group by day, user_id, media_type
