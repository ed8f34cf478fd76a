-- Each transfer: who passed a conversation on, from which queue, blind or after a consultation, and who had it next. Transfers to
-- somebody outside have no next queue and no next user.
with transferred as (
    select
        conversation_id,
        participant_index,
        session_index,
        metric_index,
        emit_date,
        queue_id as from_queue_id,
        user_id as from_user_id
    from {{ source('parley', 'metrics') }}
    where name = 'nTransferred'
),

-- The platform emits, with nTransferred, one that says which way.
ways as (
    select conversation_id, participant_index, session_index, emit_date, min(name) as name
    from {{ source('parley', 'metrics') }}
    where name in ('nBlindTransferred', 'nConsultTransferred')
    group by conversation_id, participant_index, session_index, emit_date
)

select
    md5(concat_ws('|', t.conversation_id, t.participant_index, t.session_index, t.metric_index)) as id,
    t.conversation_id,
    t.emit_date as transferred_at,
    case w.name when 'nBlindTransferred' then 'blind' when 'nConsultTransferred' then 'consult' end as way,
    t.from_queue_id,
    t.from_user_id,
    following.queue_id as to_queue_id,
    following.user_id as to_user_id
from transferred as t
left join ways as w using (conversation_id, participant_index, session_index, emit_date)
left join lateral (
    select s.queue_id, s.user_id
    from {{ source('parley', 'segments') }} as s
    where
        s.conversation_id = t.conversation_id
        and s.purpose in ('acd', 'agent')
        and s.participant_index > t.participant_index
        and (s.segment_end is null or s.segment_end >= t.emit_date)
    order by s.participant_index, s.session_index, s.segment_index
    limit 1
) as following on true
