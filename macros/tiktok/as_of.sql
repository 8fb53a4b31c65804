{% macro as_of() -%}
{#- The run's start is a datetime in UTC, a value of --vars text: both read `2026-11-23 06:10:00`
    here. -#}
{%- set given = var('as_of', run_started_at) | string | replace('T', ' ') | replace('Z', '') -%}
{%- set moment = given | replace('+00:00', '') | replace("'", '') -%}
{%- if '+' in moment[10:] or '-' in moment[10:] -%}
    {{ exceptions.raise_compiler_error('as_of is a moment in UTC, and not ' ~ moment ~ ': a cast would drop its offset') }}
{%- endif -%}
cast('{{ moment }}' as timestamp)
{%- endmacro %}
