-- From `view_row` (every row of the views now) and the ledger's views to `line`: the value of the warehouse and what
-- became of it, by day, shop, channel, currency and event. In each group the values of all terms add up to that of the
-- warehouse, and the rows to the rows of the views.

create temp table held as
with known as (
    select
        event_key, payload_hash, contents_hash, event_time, value, currency, event, source_id, shop_id, event_channel,
        brand, num_items, state, true as is_settled
    from sent_keys
    where space = ''

    union all by name

    select
        event_key, payload_hash, contents_hash, event_time, value, currency, event, source_id, shop_id, event_channel,
        brand, num_items,
        case
            when state in ('accepted', 'parked', 'dead', 'expired', 'suppressed') then state
            else 'pending'
        end as state,
        false as is_settled
    from _outbox_rows
    where space = ''
),

ranked as (
    select
        *,
        row_number() over (
            partition by event_key
            -- Of several refusals the newest is the last to become too old: while it holds, no other matters.
            order by
                list_position(['accepted', 'parked', 'pending', 'dead', 'expired'], state),
                is_settled,
                event_time desc,
                payload_hash
        ) as place
    from known
)

select * exclude (place)
from ranked
where place = 1;

create temp table judged as
with matched as (
    select
        view_row.*,
        held.state,
        held.payload_hash = view_row.payload_hash as is_equal,
        coalesce(
            held.event_time = view_row.event_time
            and held.value is not distinct from view_row.value
            and held.currency is not distinct from view_row.currency
            and held.contents_hash is not distinct from view_row.contents_hash,
            false
        ) as is_alike,
        -- Nobody can let go of a refused row that is too old, and TikTok has nothing of it: dated anew, it is new.
        coalesce(
            held.state = 'dead'
            and held.is_settled
            and held.event_time < view_row.oldest_s
            and held.payload_hash <> view_row.payload_hash,
            false
        ) as is_renewed,
        -- Refused rows that `retry` let go of: as they were refused, each time, no push sends them.
        (view_row.event_key, view_row.payload_hash) in (
            select (event_key, payload_hash) from _reopened where space = ''
        ) as is_unchanged
    from view_row
    left join held on held.event_key = view_row.event_key
),

-- Variants of one event are counted by a rank, since a window has no count of distinct values.
ranked as (
    select
        *,
        row_number() over (
            partition by event_key
            order by coalesce(is_equal, false) desc, is_unchanged desc, is_alike desc, model, file, place
        ) as copy,
        dense_rank() over (partition by event_key order by payload_hash) as variant
    from matched
),

counted as (
    select
        *,
        max(variant) over (partition by event_key) as variants
    from ranked
)

select
    *,
    case
        when refused_as is not null then refused_as
        when copy > 1 and variants = 1 then 'duplicate'
        when copy > 1 then 'conflicting'
        when state = 'accepted' and (is_equal or is_alike) then 'accepted'
        when state = 'accepted' then 'changed'
        when state = 'expired' and is_equal then 'expired'
        when state <> 'expired' and not is_renewed then state
        when is_unchanged then 'dead'
        when is_barred then 'suppressed'
        when variants > 1 then 'conflicting'
        when is_old then 'expired'
        else 'due'
    end as term
from counted;

-- What TikTok counts otherwise than the views have it now: as it was sent.
create temp table sent_otherwise as
with changed as (
    select judged.model, judged.buyer, held.*
    from judged
    join held on held.event_key = judged.event_key
    where judged.term = 'changed'
),

scope as (
    select model, source_id, event, min(event_time) as first_time, max(event_time) as last_time
    from view_row
    where event_time is not null
    group by model, source_id, event
),

gone as (
    select scope.model, null as buyer, held.*
    from held
    join scope on scope.source_id = held.source_id
        and scope.event = held.event
        and held.event_time between scope.first_time and scope.last_time
    where held.state = 'accepted'
        and held.event_key not in (select event_key from view_row where event_key is not null)
    qualify row_number() over (partition by held.event_key order by scope.model) = 1
)

select *, 'changed' as because from changed
union all by name
select *, 'gone' as because from gone;

-- What TikTok accepted; who bought what is gone from the views is not known any more.
create temp table sold as
select
    -- Keys of an older version lack some of these.
    coalesce(held.shop_id, judged.shop_id) as shop_id,
    coalesce(held.event_channel, judged.event_channel) as event_channel,
    coalesce(held.brand, judged.brand) as brand,
    judged.currency,
    judged.buyer,
    coalesce(held.num_items, judged.num_items) as num_items,
    judged.value
from judged
join held on held.event_key = judged.event_key
where judged.term = 'accepted'
union all by name
select shop_id, event_channel, brand, currency, buyer, num_items, value
from sent_otherwise;

create temp table line as
with now as (
    select model, event_time, shop_id, event_channel, brand, currency, event, term, 1 as rows, value
    from judged
),

told_twice as (
    select model, event_time, shop_id, event_channel, brand, currency, event, 'accepted' as term, 1 as rows, value
    from sent_otherwise

    union all

    select model, event_time, shop_id, event_channel, brand, currency, event, because as term, -1 as rows, -value
    from sent_otherwise
),

every as (
    select * from now
    union all
    select * from told_twice
)

select
    model,
    strftime(make_timestamp(event_time * 1000000), '%Y-%m-%d') as day,
    shop_id as store,
    event_channel as channel,
    brand,
    currency,
    event,
    term,
    cast(sum(rows) as bigint) as rows,
    cast(coalesce(sum(value), 0) as decimal(38, 9)) as value
from every
group by all;
