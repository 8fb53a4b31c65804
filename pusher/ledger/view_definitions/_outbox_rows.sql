-- One row for each frozen row of a part that is not settled, final or not, with what became of it.
create view _outbox_rows as
with due as (
    select *, row_number() over (partition by id order by file_row_number) - 1 as place
    from _frozen_rows
),
piece as (
    select
        id,
        part,
        state,
        first_risk_at,
        unnest(cast(cast(ranges as json) as bigint[][])) as range
    from batch
    where state <> 'split'
)
select
    due.model,
    due.space,
    due.run,
    due.id as part,
    piece.id as batch,
    coalesce(piece.state, 'planned') as state,
    piece.first_risk_at,
    due._event as event,
    due._event_id as event_id,
    due._source_id as source_id,
    due._event_time as event_time,
    due._value as value,
    due._currency as currency,
    due._event_key as event_key,
    due._payload_hash as payload_hash,
    due._contents_hash as contents_hash,
    due._shop_id as shop_id,
    due._event_channel as event_channel,
    due._brand as brand,
    due._num_items as num_items
from due
left join piece on piece.part = due.id
    and due.place >= piece.range[1] and due.place < piece.range[1] + piece.range[2]
