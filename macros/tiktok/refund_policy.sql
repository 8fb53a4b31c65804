{% macro refund_policy() -%}
{%- set policy = var('refund_policy', 'drop') -%}
{#- A misspelt policy must not become one of the others in silence. -#}
{%- if policy not in ('drop', 'net', 'report') -%}
    {{ exceptions.raise_compiler_error('refund_policy must be drop, net or report, not ' ~ policy) }}
{%- endif -%}
{{ policy }}
{%- endmacro %}
