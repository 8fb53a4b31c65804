-- One row for each row that TikTok refused in a part that is not settled; of one that is, the quarantine has a file.
create view _refused_rows as
with dead as (
    select part, run, code, message, updated_at, unnest(cast(cast(ranges as json) as bigint[][])) as range
    from batch
    where state = 'dead'
),
due as (
    -- Before places are counted: what waits in other parts need not be read.
    select *, row_number() over (partition by id order by file_row_number) - 1 as place
    from _frozen_rows
    where id in (select part from dead)
)
select
    due.model,
    due.space,
    due.payload,
    dead.run,
    dead.code,
    dead.message,
    dead.updated_at,
    due._event as event,
    due._event_id as event_id,
    due._source_id as source_id,
    due._event_time as event_time,
    due._value as value,
    due._currency as currency,
    due._event_key as event_key,
    due._payload_hash as payload_hash
from due
join dead on dead.part = due.id and due.place >= dead.range[1] and due.place < dead.range[1] + dead.range[2]
