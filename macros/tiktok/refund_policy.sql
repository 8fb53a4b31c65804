{% macro refund_policy() -%}
{%- set policy = var('refund_policy', 'drop') -%}
{#- An unknown policy must not fall back to one of the others in silence; the macro that does not exist names it. -#}
{%- if policy not in ('drop', 'net', 'report') -%}
    {{ exceptions.raise_compiler_error("refund_policy must be drop, net or report, not " ~ policy) }}
{%- endif -%}
{{ policy }}
{%- endmacro %}
