-- expect: 2:8 note PU802 UNION BY NAME fails elsewhere.
select order_id, currency from {{ source('market', 'orders') }}
union all by name
select currency, order_id from {{ source('market', 'orders') }}
