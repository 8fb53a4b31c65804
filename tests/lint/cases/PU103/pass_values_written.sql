{% set kinds = ['card', 'cash'] %}
select sha256(lower(email)) as email, '{{ kinds | join }}' as search_string from {{ ref('stg_customers') }}
