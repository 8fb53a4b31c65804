-- expect: 5:18 warning PU405 `idfa` can hold the hash of an advertising id of Android instead.
-- expect: 6:6 warning PU405 `aaid` can hold the hash of an advertising id of iOS instead.
-- payload: audience
select
    sha256(lower(coalesce(idfa, gaid))) as idfa,
    [sha256(lower(idfa)), sha256(lower(gaid))] as aaid
from {{ source('app', 'devices') }}
