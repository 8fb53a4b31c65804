{% macro normalize_phone(column, country=none) -%}
{#- A row's country counts only for a number in national form. On the way the text is `(` and
    digits; all brackets of the input are gone by then, so the mark is ours.
      national       (44..07700900123    the country's code and dialling rule, then the number
      international  (44..(447700900123  the number's own code wins over the country's -#}
{%- set symbols = '[(] *0 *[)]|[' ~ blank_characters() ~ '()./\u2010-\u2015\u2212-]' -%}
{%- set default_country = var('default_country', '') | upper -%}
{%- set row_country -%}
coalesce(nullif(upper(trim(cast({{ country or 'null' }} as varchar))), ''), '{{ default_country }}')
{%- endset -%}
{#- One search in one text: a CASE would compute the country anew for each of fifty branches. -#}
{%- set prefixes = calling_codes('prefixes') -%}
{%- set prefix -%}
{%- set position = "strpos('" ~ prefixes ~ "', ',' || " ~ row_country ~ " || '(')" -%}
coalesce(substr('{{ prefixes }}', nullif({{ position }}, 0) + 3, 5), '')
{%- endset -%}
{%- set bare = "regexp_replace(cast(" ~ column ~ " as varchar), '" ~ symbols ~ "', '', 'g')" -%}
{%- set bare = "regexp_replace(" ~ bare ~ ", '^([+]|00)', '(', 'g')" -%}
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
