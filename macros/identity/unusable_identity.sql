{% macro unusable_identity(kind, column, country=none, state='raw', profile='events_2_0') -%}
{#- Words of `pusher explain` for a value that the macros of the models refuse; NULL for any other.
    They only guess at what a person may have meant, and decide nothing. -#}
{%- set bare = without_blanks(column) -%}
{%- if state == 'sha256' -%}
case
    when {{ hashed_external_id(column, 'sha256') }} is null
        then 'It is no digest: 64 hexadecimal digits and nothing else.'
end
{%- elif kind == 'email' -%}
case
    when {{ normalize_email(column, profile) }} is not null then null
    when {{ normalize_email(column) }} is not null then 'Without dots and +tag it has nothing before the @.'
    when coalesce({{ bare }}, '') = '' then 'It is empty.'
    {%- if state == 'auto' %}
    when {{ hashed_external_id(column, 'sha256') }} is not null then null
    {%- else %}
    when regexp_matches({{ bare }}, '^[0-9A-Fa-f]{64}$')
        then 'It is a digest already: the macro of its column needs the state sha256 or auto.'
    {%- endif %}
    when not regexp_matches({{ bare }}, '@') then 'It has no @.'
    when regexp_matches({{ bare }}, '@.*@') then 'It has more than one @: it may be two addresses.'
    when regexp_matches({{ bare }}, '[^!-~]')
        then 'It has a letter outside ASCII, which two systems would fold or encode differently.'
    when length({{ bare }}) > 254 then 'It is longer than the 254 characters of an address.'
    when regexp_matches({{ bare }}, '^@') then 'It has nothing before the @.'
    when regexp_matches({{ bare }}, '^[^@]*[,;:<>()"]')
        then 'It has a comma, quote or bracket before the @: it may be a name with an address.'
    when not regexp_matches({{ bare }}, '@.+[.]') then 'Its domain has no dot, as in example.com.'
    else 'It is not of the form name@example.com.'
end
{%- elif kind == 'phone' -%}
case
    when {{ normalize_phone(column, country) }} is not null then null
    when coalesce({{ bare }}, '') = '' then 'It is empty.'
    {%- if state == 'auto' %}
    when {{ hashed_external_id(column, 'sha256') }} is not null then null
    {%- else %}
    when regexp_matches({{ bare }}, '^[0-9A-Fa-f]{64}$')
        then 'It is a digest already: the macro of its column needs the state sha256 or auto.'
    {%- endif %}
    when not regexp_matches({{ bare }}, '[0-9]') then 'It has no digit.'
    when regexp_matches({{ bare }}, '[A-Za-z]') then 'It has letters, or an extension.'
    when regexp_matches({{ bare }}, '^[(]*([+]|00)')
        then 'After + or 00 there are too few, too many or other digits than numbers of that calling code have.'
    when coalesce(trim(cast({{ country or 'null' }} as varchar)), '{{ default_country() }}') = ''
        then 'It is in national form, and neither a country nor the var default_country says how to read it.'
    else
        'It is no number of its country: too few, too many or other digits, or a country that the macro cannot read.'
end
{%- else -%}
case
    when nullif({{ trimmed_id(column) }}, '') is null then 'It is empty.'
    {%- if kind in ('idfa', 'gaid') and profile != 'events_2_0' %}
    when not regexp_matches({{ bare }}, '^[0-9A-Fa-f-]*$')
        then 'It has more than hexadecimal digits and hyphens.'
    when {{ normalize_device_id(column) }} is null
        then 'It is zeros: the owner of the phone allows no tracking.'
    {%- endif %}
end
{%- endif -%}
{%- endmacro %}
