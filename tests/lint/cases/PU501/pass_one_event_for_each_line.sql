select
    'Purchase' as event,
    {{ event_id_of('order_id', 'line_no') }} as event_id,
    placed_at as event_time,
    line_total as value, 'EUR' as currency
from {{ source('market', 'order_items') }}
-- file: macros/event_id_of.sql
{% macro event_id_of(order_id, line_no) -%}
substr(sha256({{ order_id }} || '-' || cast({{ line_no }} as varchar)), 1, 32)
{%- endmacro %}
