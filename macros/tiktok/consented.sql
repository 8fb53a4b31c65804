{% macro consented(column) -%}
{%- set rule = var('consent', 'required') -%}
{#- A misspelt rule must not let everybody in. -#}
{%- if rule == 'required' -%}
coalesce({{ column }}, false)
{%- elif rule == 'ignored' -%}
true
{%- else -%}
    {{ exceptions.raise_compiler_error('consent must be required or ignored, not ' ~ rule) }}
{%- endif -%}
{%- endmacro %}
