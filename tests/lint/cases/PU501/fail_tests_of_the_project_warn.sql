-- expect: 3:29 note PU501 Nothing proves that `event_id` is unique.
-- about: dbt_project.yml lets all data tests only warn
select 'Purchase' as event, address_id as event_id, timestamp '2026-11-20 10:00:00' as event_time
from {{ source('market', 'addresses') }}
-- file: dbt_project.yml
name: shop
profile: shop
data_tests: {+severity: warn}
