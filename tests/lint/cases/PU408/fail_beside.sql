-- expect: 4:8 error PU408 `email` is a digest with something before or behind it: it matches nobody.
-- expect: 6:8 error PU408 `email` is digests that are joined into one text: it matches nobody.
-- expect: 8:19 error PU408 `email` is digests that are joined into one text: it matches nobody.
select sha256(lower(trim(email))) || ',' || sha256(lower(trim(contact.email))) as email from {{ ref('stg_customers') }}
union all
select concat_ws(',', sha256(lower(trim(email))), sha256(lower(trim(contact.email)))) from {{ ref('stg_customers') }}
union all
select string_agg(sha256(lower(trim(email))), ',' order by id) from {{ ref('stg_customers') }} group by city
