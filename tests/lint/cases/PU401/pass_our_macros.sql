select {{ hashed_email('email') }} as email, {{ hashed_phone('phone', 'city') }} as phone from {{ ref('stg_customers') }}
-- file: macros/hashed.sql
{% macro hashed_email(column) -%}
sha256(nullif(lower(trim({{ column }})), ''))
{%- endmacro %}
{% macro hashed_phone(column, country) -%}
sha256(case {{ country }} when 'DE' then '+49' end || regexp_replace({{ column }}, '[^0-9]', '', 'g'))
{%- endmacro %}
