-- about: a key that is made of the customer's number is a number like any other
-- payload: web_events
select {{ hashed('surrogate_key') }} as external_id
from (select md5(id) as surrogate_key from {{ ref('stg_customers') }})
-- file: macros/identity/hashed.sql
{% macro hashed(column) %}sha256({{ column }}){% endmacro %}
