-- payload: audience
select sha256(upper(idfa)) as idfa from {{ source('app', 'devices') }}
union all
select digest from {{ source('app', 'devices') }}
