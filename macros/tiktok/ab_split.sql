{% macro ab_split(key, experiment, groups) -%}
{#- The first 8 of the digest's hexadecimal digits are a number below 2^32, and texts of one length
    compare as these numbers do: no engine needs a function of its own for that. -#}
{%- set parts = namespace(total=0, below=0) -%}
{%- for weight in groups.values() -%}
    {%- if weight is not integer or weight is boolean or weight < 1 -%}
        {{ exceptions.raise_compiler_error('A weight of ab_split is a whole number above 0, not ' ~ weight) }}
    {%- endif -%}
    {%- set parts.total = parts.total + weight -%}
{%- endfor -%}
{%- if groups | length < 2 or not experiment -%}
    {{ exceptions.raise_compiler_error('ab_split needs the name of an experiment and two groups or more') }}
{%- endif -%}
{%- set salt = ('v1:' ~ experiment | length ~ ':' ~ experiment ~ ':') | replace("'", "''") -%}
case
    when {{ key }} is null then null
    {%- for group, weight in groups.items() %}
    {%- set name = "'" ~ group | replace("'", "''") ~ "'" %}
    {%- set parts.below = parts.below + weight %}
    {%- if loop.last %}
    else {{ name }}
    {%- else %}
    when substr(sha256('{{ salt }}' || cast({{ key }} as varchar)), 1, 8)
        < '{{ '%08x' | format(parts.below * 4294967296 // parts.total) }}' then {{ name }}
    {%- endif %}
    {%- endfor %}
end
{%- endmacro %}
