-- expect: 2:8 warning PU208 `currency` can be 'usd', which is not one of its values.
select 'usd' as currency from {{ ref('stg_orders') }}
