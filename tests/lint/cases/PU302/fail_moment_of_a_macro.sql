-- expect: 3:5 error PU302 `event_id` depends on the moment of the run, so a second run counts every conversion again.
select
    order_id || '-' || cast({{ as_of() }} as varchar) as event_id
from {{ ref('stg_orders') }}
-- file: macros/as_of.sql
{% macro as_of() -%}
cast('{{ run_started_at | string | replace('+00:00', '') }}' as timestamp)
{%- endmacro %}
