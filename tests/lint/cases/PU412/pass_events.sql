-- payload: app_events
select sha256(upper(idfa)) as idfa from {{ source('app', 'devices') }}
union all
select sha256(lower(idfa)) from {{ source('app', 'devices') }}
