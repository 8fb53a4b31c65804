{% macro normaliser_version() -%}
{#- The profile of audiences is part of it: another one makes other digests of the same people. -#}
2026-11-28 {{ var('audience_profile', 'audience_2026') }} idfa-{{ var('audience_idfa_case', 'lower') }}
{%- endmacro %}
