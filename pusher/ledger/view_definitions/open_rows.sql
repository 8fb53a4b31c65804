create view open_rows as
select
    model,
    space,
    run,
    part,
    batch,
    state,
    event,
    event_id,
    source_id,
    event_time,
    value,
    currency,
    event_key,
    first_risk_at
from _outbox_rows
where state not in ('accepted', 'dead', 'expired', 'suppressed')
