{% macro default_country() -%}
{#- It stands in SQL as it is, so it has to be a code; some letters become two in capitals. -#}
{%- set given = (var('default_country', '') or '') | string | trim -%}
{%- set letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz' -%}
{%- if given and not (given | length == 2 and given[0] in letters and given[1] in letters) -%}
{{ exceptions.raise_compiler_error(
    "The var default_country is the two letters of a country, such as 'DE', not `" ~ given ~ "`."
) }}
{%- endif -%}
{{ given | upper }}
{%- endmacro %}
