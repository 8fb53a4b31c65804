create view receipt as
with told as (
    select id as run, started_at, unnest(cast(json_extract(receipt, '$.models') as json[])) as line
    from run
    where receipt is not null
),
term as (
    select
        run,
        started_at,
        line,
        unnest([
            'view_rows', 'planned', 'already_sent', 'conflicting', 'enriched', 'duplicate', 'invalid', 'no_identity',
            'expired', 'suppressed', 'accepted', 'dead', 'parked', 'pending', 'expired_late', 'suppressed_late'
        ]) as term
    from told
)
select
    run,
    started_at,
    json_extract_string(line, '$.model') as model,
    term,
    cast(json_extract_string(line, '$.' || term) as bigint) as rows
from term
where json_extract_string(line, '$.' || term) <> '0'
