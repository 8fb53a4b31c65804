-- expect: 3:8 error PU412 `idfa` holds ids hashed in upper case and ids hashed in lower case.
-- payload: audience
select sha256(upper(idfa)) as idfa from {{ source('app', 'devices') }}
union all
select sha256(lower(idfa)) from {{ source('app', 'devices') }}
