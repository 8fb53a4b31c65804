-- expect: 2:9 error PU401 `description` carries a raw e-mail address from shop.customers.emails.
select [lower(address) for address in emails if address like '%@%'] as description from {{ ref('stg_customers') }}
