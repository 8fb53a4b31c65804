{% macro normalize_email(column) -%}
{%- set label = '[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?' -%}
{%- set local = "[A-Za-z0-9.!#$%&''*+/=?^_`{|}~-]+" -%}
{%- set address = local ~ '@(' ~ label ~ '[.])+[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]' -%}
{%- set bare = without_blanks(column) -%}
{#- The pattern sees the address before lower() does, which makes ASCII of some other letters. -#}
case
    when length({{ bare }}) <= 254 and regexp_matches({{ bare }}, '^{{ address }}$')
        then lower({{ bare }})
end
{%- endmacro %}
