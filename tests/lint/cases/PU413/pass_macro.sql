-- payload: audience
select digest as email from {{ source('club', 'members') }} where {{ agreed('marketing_consent') }}
-- file: macros/agreed.sql
{% macro agreed(column) %}{{ is_one_of("lower(" ~ column ~ ")") }}{% endmacro %}
{% macro is_one_of(value) %}coalesce({{ value }} in ('yes', 'y'), false){% endmacro %}
-- file: pusher.yml
consent: {column: marketing_consent}
