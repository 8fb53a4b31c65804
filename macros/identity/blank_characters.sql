{% macro blank_characters() -%}
{#- Jinja turns the escapes into the characters themselves: engines do not agree on how a pattern
    names a code point, and \s alone misses the no-break and the zero-width spaces. None of them ends a line:
    the filter indent would put its spaces into the pattern, and letters would count as blanks. -#}
{{ '\\s\\v\u0080-\u00a0\u00ad\u061c\u1680\u180e' -}}
{{ '\u2000-\u200f\u2027-\u202f\u205f-\u206f\u3000\ufeff' }}
{%- endmacro %}
