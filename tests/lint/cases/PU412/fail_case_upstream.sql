-- expect: models/int_devices.sql:1:74 error PU412 `idfa` holds ids hashed in upper case and ids hashed in lower case.
-- payload: audience
select id_digest as idfa from {{ ref('int_devices') }}
-- file: models/int_devices.sql
select case when customer_id is null then sha256(lower(trim(idfa))) else sha256(upper(idfa)) end as id_digest from {{ source('app', 'devices') }}
