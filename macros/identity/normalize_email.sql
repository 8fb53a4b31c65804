{% macro normalize_email(column) -%}
{#- Invisible characters are written as escapes, which Jinja turns into the characters themselves: no engine's
    pattern syntax for code points is portable, and \s alone misses NBSP and the zero-width ones. -#}
{%- set blank = '[\\s\u000b\u0085\u00a0\u00ad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff]' -%}
{%- set label = '[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?' -%}
{%- set address = "^[A-Za-z0-9.!#$%&''*+/=?^_`{|}~-]+@(" ~ label ~ '[.])+[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]$' -%}
{%- set bare -%}
regexp_replace(cast({{ column }} as varchar), '{{ blank }}', '', 'g')
{%- endset -%}
{#- The pattern sees the address before lower() does: lower() turns some letters outside ASCII into ASCII ones. -#}
case
    when length({{ bare }}) <= 254 and regexp_matches({{ bare }}, '{{ address }}')
        then lower({{ bare }})
end
{%- endmacro %}
