{% macro normalize_email(column, profile='events_2_0') -%}
{%- set label = '[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?' -%}
{%- set local = "[A-Za-z0-9.!#$%&''*+/=?^_`{|}~-]+" -%}
{%- set address = local ~ '@(' ~ label ~ '[.])+[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]' -%}
{%- set bare = without_blanks(column) -%}
{%- set kept = without_dots_and_tag(bare) if known_profile(profile) == 'audience_2025_dots' else bare -%}
{#- The pattern sees the address before lower() does, which makes ASCII of some other letters. -#}
case
    when length({{ bare }}) <= 254 and regexp_matches({{ bare }}, '^{{ address }}$')
        then lower({{ kept }})
end
{%- endmacro %}

{% macro without_dots_and_tag(address) -%}
nullif(replace(regexp_extract({{ address }}, '^[^@+]*'), '.', ''), '') || regexp_extract({{ address }}, '@.*$')
{%- endmacro %}
