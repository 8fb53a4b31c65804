-- What became of rows that earlier runs left behind stands beside the run's own rows.
create view receipt as
with term as (
    select
        run,
        started_at,
        line,
        unnest([
            'view_rows', 'planned', 'already_sent', 'conflicting', 'enriched', 'duplicate', 'invalid', 'no_identity',
            'expired', 'suppressed', 'accepted', 'dead', 'parked', 'pending', 'expired_late', 'suppressed_late',
            'resumed.planned', 'resumed.accepted', 'resumed.dead', 'resumed.parked', 'resumed.pending',
            'resumed.expired_late', 'resumed.suppressed_late'
        ]) as term
    from _receipt_line
)
select
    run,
    started_at,
    json_extract_string(line, '$.model') as model,
    term,
    cast(json_extract_string(line, '$.' || term) as bigint) as rows
from term
where json_extract_string(line, '$.' || term) <> '0'
