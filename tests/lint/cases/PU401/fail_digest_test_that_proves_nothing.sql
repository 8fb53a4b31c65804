-- expect: 11:15 error PU401 `description` carries a raw e-mail address from shop.customers.email.
-- expect: 12:15 error PU401 `brand` carries a raw e-mail address from shop.customers.email.
-- expect: 13:15 error PU401 `shop_id` carries a raw e-mail address from shop.customers.email.
-- expect: 14:15 error PU401 `search_string` carries a raw e-mail address from shop.customers.email.
-- expect: 15:19 error PU401 `order_id` carries a raw e-mail address from shop.customers.email.
-- expect: 16:15 error PU401 `content_type` carries a raw e-mail address from shop.customers.email.
-- expect: 17:15 error PU401 `content_ids` carries a raw e-mail address from shop.customers.email.
-- expect: 18:15 error PU401 `query` carries a raw e-mail address from shop.customers.email.
-- expect: 20:15 error PU401 `lead_id` carries a raw e-mail address from shop.customers.email.
select
    case when regexp_matches(phone, '^[0-9a-f]{64}$') then email end as description,
    case when regexp_matches(email, '[0-9a-f]{64}') then email end as brand,
    case when regexp_matches(email, '^[0-9a-f]{4}$') then email end as shop_id,
    case when regexp_matches(email, '^[0-9a-f.]{64}$') then email end as search_string,
    case when not regexp_matches(email, '^[0-9a-f]{64}$') then email end as order_id,
    case when regexp_matches(email, '^[0-9a-f]{64}$') then sha256(email) else email end as content_type,
    case when regexp_matches(email, '^[0-9a-f]{64}$', 'm') then email end as content_ids,
    case when regexp_matches(hex(email), '^[0-9a-fA-F]{64}$') then hex(email) end as query,
    {#- Written in another form by a model before. #}
    case when regexp_matches(encoded, '^[0-9a-f]{64}$') then encoded end as lead_id
from (select email, phone, lower(hex(email)) as encoded from {{ ref('stg_customers') }}) as made
