-- expect: 2:18 error PU402 `description` comes through COLUMNS(...), which cannot be followed and may hold a raw identifier.
select coalesce(*columns('^(email|phone)$')) as description from {{ ref('stg_customers') }}
