-- expect: 3:8 error PU403 `idfa` carries the advertising id of iOS of app.devices.idfa hashed with md5().
-- payload: audience
select md5(lower(idfa)) as idfa from {{ source('app', 'devices') }}
