-- A row that was let go of leaves the quarantine once a push takes it up again; until then it stands there once.
create view quarantine as
with placed as (
    select *, row_number() over (partition by space, event_key, term order by first_seen desc, run desc) as place
    from _quarantine
)
select * exclude (place)
from placed
where term <> 'reopened' or (
    place = 1
    and not exists (
        select 1 from sent_keys where sent_keys.event_key = placed.event_key and sent_keys.space = placed.space
    )
    and not exists (
        select 1 from _frozen_rows as frozen
        where frozen._event_key = placed.event_key and frozen.space = placed.space
    )
)

union all by name

select
    model,
    space,
    run,
    'dead' as term,
    coalesce('tiktok-' || code, 'refused') as reason,
    rtrim('TikTok refused the row. ' || coalesce(message, '')) as message,
    'Correct the row in its model. Run `pusher push` until nothing waits beside it, then `pusher retry`.' as fix,
    event,
    event_id,
    source_id,
    event_time,
    value,
    currency,
    event_key,
    payload_hash,
    updated_at as first_seen
from _refused_rows
