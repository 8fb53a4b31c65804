-- expect: 3:8 error PU405 `idfa` holds the hash of an advertising id of Android (app.devices.gaid).
-- payload: audience
select sha256(lower(gaid)) as idfa from {{ source('app', 'devices') }}
