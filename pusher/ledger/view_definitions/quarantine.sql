-- A row that was let go of leaves the quarantine once a push settled it again; until then it stands there once.
create view quarantine as
select * exclude (place)
from (
    select *, row_number() over (partition by event_key, term order by first_seen desc, run desc) as place
    from _quarantine
)
where term <> 'reopened' or (
    place = 1 and event_key not in (select event_key from sent_keys)
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
