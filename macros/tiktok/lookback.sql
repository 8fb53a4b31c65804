{% macro lookback(column, days=none) -%}
{#- A row without a time stays: hiding it here would hide that its time could not be read. -#}
({{ column }} >= {{ as_of() }} - {{ days if days is not none else var('lookback_days', 28) }} * interval '1' day
    or {{ column }} is null)
{%- endmacro %}
