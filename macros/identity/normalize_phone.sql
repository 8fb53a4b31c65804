{% macro normalize_phone(column, country=none) -%}
{#- A row's country counts only for a number in national form. On the way the text is `(` + digits: no bracket is left
    of the input by then, so the mark cannot be forged by it.
      national       (44..07700900123     code and dialling rule of the row's country, then the number as it is
      international  (44..(447700900123   the number's own mark wins over the country's -#}
{%- set blank = '\\s\u000b\u0085\u00a0\u00ad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff' -%}
{%- set symbols = '[(] *0 *[)]|[' ~ blank ~ '()./\u2010-\u2015\u2212-]' -%}
{%- set default_country = var('default_country', '') | upper -%}
{%- set row_country -%}
coalesce(nullif(upper(trim(cast({{ country or 'null' }} as varchar))), ''), '{{ default_country }}')
{%- endset -%}
{#- One search in one text: a CASE with fifty branches would compute the country anew for each of them. -#}
{%- set prefixes = calling_codes('prefixes') -%}
{%- set prefix -%}
coalesce(
        substr('{{ prefixes }}', nullif(strpos('{{ prefixes }}', ',' || {{ row_country }} || '('), 0) + 3, 5), ''
    )
{%- endset -%}
{%- set bare -%}
regexp_replace(regexp_replace(cast({{ column }} as varchar), '{{ symbols }}', '', 'g'), '^([+]|00)', '(', 'g')
{%- endset -%}
{%- set dialled -%}
{{ prefix }} || case
        when regexp_matches({{ bare }}, '^[(]{{ calling_codes('zero_after_2') }}0')
            then substr({{ bare }}, 1, 3) || substr({{ bare }}, 5)
        when regexp_matches({{ bare }}, '^[(]{{ calling_codes('zero_after_3') }}0')
            then substr({{ bare }}, 1, 4) || substr({{ bare }}, 6)
        else {{ bare }}
    end
{%- endset -%}
{%- set number -%}
regexp_replace(
    regexp_replace({{ dialled }}, '^[(][0-9]+[./-]+[(]', '(', 'g'), '[.]0?|-1?|/', '', 'g'
)
{%- endset -%}
case
    when regexp_matches({{ number }}, '^[(]{{ calling_codes('numbers') }}$')
        then '+' || substr({{ number }}, 2)
end
{%- endmacro %}
