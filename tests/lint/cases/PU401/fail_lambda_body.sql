-- expect: 2:8 error PU401 `description` carries a raw e-mail address from shop.customers.email.
select list_transform(tags, lambda tag: tag || email) as description from {{ ref('stg_customers') }}
