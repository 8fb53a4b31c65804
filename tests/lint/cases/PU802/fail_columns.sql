-- expect: 7:24 note PU802 A star with EXCLUDE, REPLACE or RENAME fails elsewhere, or gives its columns twice.
-- expect: 8:20 note PU802 A star with EXCLUDE, REPLACE or RENAME fails elsewhere, or gives its columns twice.
-- expect: 9:20 note PU802 A star with EXCLUDE, REPLACE or RENAME fails elsewhere, or gives its columns twice.
-- expect: 10:18 note PU802 A star with LIKE is DuckDB's own.
-- expect: 11:19 note PU802 COLUMNS() is DuckDB's own.
-- expect: 12:14 note PU802 A column by its position is DuckDB's own.
with narrow as (select * exclude (order_number, digest) from {{ source('market', 'orders') }}),
changed as (select * replace (upper(currency) as currency) from narrow),
renamed as (select * rename (currency as code) from changed),
liked as (select * like '%d' from renamed),
picked as (select columns('^order') from {{ source('market', 'orders') }})
select #1 as first from picked
