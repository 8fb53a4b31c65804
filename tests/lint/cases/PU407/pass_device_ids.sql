-- payload: audience
select sha256(upper(idfa)) as idfa, sha256(lower(gaid)) as aaid from {{ source('app', 'devices') }}
union all
select sha256(lower(idfa)), null from {{ source('app', 'devices') }}
