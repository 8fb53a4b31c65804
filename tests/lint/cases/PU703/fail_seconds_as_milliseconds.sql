-- expect: models/seen.sql:2:12 warning PU703 `event_time` is wrong: market.clicks.sent_s is in seconds and read as milliseconds.
select 'ViewContent' as event, id as event_id, happened_at as event_time from {{ ref('seen') }}
-- file: models/seen.sql
with raw as (select click_id as id, sent_s as moment from {{ source('market', 'clicks') }})
select id, epoch_ms(cast(moment as bigint)) as happened_at from raw
