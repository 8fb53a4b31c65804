-- payload: audience
select sha256(upper(idfa)) as idfa, sha256(lower(gaid)) as aaid from {{ source('app', 'devices') }}
union all
select sha256(upper(trim(idfa))), sha256(lower(trim(gaid))) from {{ source('app', 'devices') }}
