-- expect: 3:8 warning PU407 `idfa` hashes the advertising id of iOS of app.devices.idfa before it is in upper case.
-- payload: app_events
select sha256(lower(idfa)) as idfa from {{ source('app', 'devices') }}
