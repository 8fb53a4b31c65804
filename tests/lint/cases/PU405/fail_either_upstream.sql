-- expect: models/int_devices.sql:1:21 warning PU405 `aaid` can hold the hash of an advertising id of iOS instead.
-- payload: audience
select device_digest as aaid from {{ ref('int_devices') }}
-- file: models/int_devices.sql
select sha256(lower(coalesce(gaid, idfa))) as device_digest from {{ source('app', 'devices') }}
