{% macro as_of() -%}
{#- The run's start is a datetime in UTC, a value of --vars text: both read `2026-11-23 06:10:00`
    here. -#}
{%- set moment = var('as_of', run_started_at) | string | replace('T', ' ') | replace('Z', '') -%}
cast('{{ moment | replace('+00:00', '') | replace("'", '') }}' as timestamp)
{%- endmacro %}
