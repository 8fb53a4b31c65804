select {{ purchase('o') }}, o.digest as email from {{ source('market', 'orders') }} o where o.placed_at >= timestamp '2026-11-23 06:00:00' - interval 28 day
-- file: macros/p.sql
{% macro purchase(a) %}{{ lit('Purchase') }} as event, {{ a }}.order_id as event_id, {{ a }}.placed_at as event_time, {{ money(a) }}{% endmacro %}
{% macro lit(x) %}'{{ x }}'{% endmacro %}
{% macro money(a) %}{{ a }}.total as value, {{ a }}.currency{% endmacro %}
