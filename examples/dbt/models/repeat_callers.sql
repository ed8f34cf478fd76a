-- Inbound calls of somebody who had called not long before: the previous call, and how long ago it was. The number is hashed, so that
-- the table says who is the same and not who it is; a number is guessed from its hash all the same, so protect it as the number.
with calls as (
    select distinct on (conversation_id)
        conversation_id,
        conversation_start,
        md5(ani) as caller
    from {{ source('parley', 'segments') }}
    where
        purpose in ('customer', 'external')
        and media_type = 'voice'
        and direction = 'inbound'
        and ani is not null
    order by conversation_id, participant_index, session_index, segment_index
),

followed as (
    select
        *,
        lag(conversation_id) over (partition by caller order by conversation_start, conversation_id) as previous_conversation_id,
        conversation_start - lag(conversation_start) over (partition by caller order by conversation_start, conversation_id) as after
    from calls
)

select
    conversation_id,
    conversation_start,
    caller,
    previous_conversation_id,
    (extract(epoch from after) / 3600)::double precision as hours_after
from followed
where after <= interval '1 hour' * {{ var('repeat_hours') }}
