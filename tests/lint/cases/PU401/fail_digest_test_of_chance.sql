-- expect: 5:14 error PU401 `email` carries a raw e-mail address or phone number from shop.customers.email, shop.customers.phone.
-- expect: 9:14 error PU401 `description` carries a raw e-mail address from shop.customers.email.
select
    case
        when regexp_full_match([email, phone][1 + cast(random() > 0.5 as int)], '[0-9a-f]{64}')
            then [email, phone][1 + cast(random() > 0.5 as int)]
    end as email,
    case
        when regexp_matches((select max(email) from {{ ref('stg_customers') }}), '^[0-9a-f]{64}$')
            then (select max(email) from {{ ref('stg_customers') }})
    end as description
from {{ ref('stg_customers') }}
