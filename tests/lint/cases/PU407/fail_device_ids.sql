-- expect: 4:8 warning PU407 `idfa` hashes the advertising id of iOS of app.devices.idfa before it is in one case.
-- expect: 4:36 warning PU407 `aaid` hashes the advertising id of Android of app.devices.gaid before it is in lower case.
-- payload: audience
select sha256(trim(idfa)) as idfa, sha256(upper(gaid)) as aaid from {{ source('app', 'devices') }}
