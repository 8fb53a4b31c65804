-- expect: 2:8 error PU212 `event as 'Purchase'` names a column; the value belongs on the left.
select event as 'Purchase' from (select channel as event from {{ ref('stg_orders') }}) as o
