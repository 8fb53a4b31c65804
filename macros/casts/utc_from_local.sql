{% macro utc_from_local(column, timezone) -%}
(cast({{ column }} as timestamp) at time zone '{{ timezone }}') at time zone 'UTC'
{%- endmacro %}
