-- expect: 2:25 error PU212 `currency as 'USD'` names a column; the value belongs on the left.
select amount as value, currency as 'USD' from {{ ref('stg_orders') }}
