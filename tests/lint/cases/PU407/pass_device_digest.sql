-- payload: app_events
select digest as idfa from {{ source('app', 'devices') }}
