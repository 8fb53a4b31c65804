select columns('^city$') as "description" from (select city from {{ ref('stg_customers') }}) as c
