{% macro utc_timestamp(column, zoneless_is_utc=false) -%}
{#- The pattern limits every field, so that no text reaches the cast that could make it fail. -#}
{%- set day = '20(' ~ [
    '[0-9]{2}-(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])',
    '[0-9]{2}-(0[469]|11)-(0[1-9]|[12][0-9]|30)',
    '[0-9]{2}-02-(0[1-9]|1[0-9]|2[0-8])',
    '([02468][048]|[13579][26])-02-29',
] | join('|') ~ ')' -%}
{%- set moment = day ~ '[T ]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?' -%}
{%- set utc = '(Z|[+-]00(:?00)?)' ~ ('?' if zoneless_is_utc else '') -%}
{%- set offset = '[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?' -%}
{%- set text = 'trim(cast(' ~ column ~ ' as varchar))' -%}
{%- set as_written = "cast(replace(substr(" ~ text ~ ", 1, 19), 'T', ' ') as timestamp)" -%}
{%- set zone = "regexp_replace(substr(" ~ text ~ ", 20), '^[.][0-9]+|:', '', 'g')" -%}
case
    {#- noqa: PU804 because a line end behind a number makes no other number of it #}
    when regexp_matches({{ text }}, '^{{ moment }}{{ utc }}$')
        then {{ as_written }}
    {#- noqa: PU804 because a line end behind a number makes no other number of it #}
    when regexp_matches({{ text }}, '^{{ moment }}{{ offset }}$')
        then {{ as_written }} - (
            case when substr({{ zone }}, 1, 1) = '-' then -1 else 1 end
            * (
                60 * cast(substr({{ zone }}, 2, 2) as integer)
                + cast(coalesce(nullif(substr({{ zone }}, 4, 2), ''), '0') as integer)
            )
        ) * interval '1' minute
end
{%- endmacro %}
