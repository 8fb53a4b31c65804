-- expect: 4:28 error PU401 `description` carries a raw e-mail address from shop.customers.email.
select
    city as brand,
    {{ tidy('email') }} as description
from {{ ref('stg_customers') }}
-- file: macros/tidy.sql
{% macro tidy(column) -%}
nullif(trim({{ column }}), '')
{%- endmacro %}
