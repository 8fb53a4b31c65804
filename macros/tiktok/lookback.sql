{% macro lookback(column, days=none) -%}
{#- A row without a time stays: hiding it here would hide that its time could not be read. -#}
{%- set days = days if days is not none else var('lookback_days', 28) -%}
({{ column }} >= {{ as_of() }} - {{ days }} * interval '1' day or {{ column }} is null)
{%- endmacro %}
