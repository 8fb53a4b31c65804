-- expect: 2:20 error PU401 `description` carries a raw e-mail address from shop.customers.email, shop.customers.emails.
select o.order_id, i.person as description
from {{ ref('stg_orders') }} as o
left join {{ ref('int_people') }} as i on o.customer_id = i.id
-- file: models/int_people.sql
select id, address as person from {{ ref('int_addresses') }}
-- file: models/int_addresses.sql
{{ config(materialized='ephemeral') }}
select id, coalesce(nullif(trim(email), ''), emails[1]) as address from {{ ref('stg_customers') }}
