{% macro normalize_phone(column, country=none) -%}
{#- The text becomes digits, as libphonenumber reads it; phone_entries() has one for the row's
    country, such as `GB>~~~~~~~~~~44:`, and phone_plans() makes E.164 of both. A row's country
    counts only for a number in national form. -#}
{%- set text = 'cast(' ~ column ~ ' as varchar)' -%}
{%- set dashes = '\u2010-\u2015\u2212\u30fc' -%}
{%- set marks = '()./*\\[\\]' ~ blank_characters() ~ dashes -%}
{%- set wide = '＋（）［］．／－：＃～∼⁓ｅｘｔｎｉ' -%}
{%- set label = '(e?xt(ensi(o\u0301?|ó))?n?|доб|anexo)' -%}
{%- set extension -%}
(;ext=\p{Nd}{1,20}|[ ,]*{{ label }}[:.]?[ ,-]*\p{Nd}{1,20}#?
{#- -#} |[ ,]*([x#~]|int)[:.]?[ ,-]*\p{Nd}{1,9}#?
{#- -#} |[- ]+\p{Nd}{1,6}#| *(,,|;)[:.]?[ ,-]*\p{Nd}{1,15}#?| *,+[:.]?[ ,-]*\p{Nd}{1,9}#?)
{%- endset -%}
{%- set signs = 'x()./*~ \\[\\]' ~ dashes -%}
{#- Letters are dialled on the keypad, but not beside digits of another script: libphonenumber
    would lose the digits, and no phone has both. -#}
{%- set number -%}
^[^+\p{Nd}]*([0-9]{2}|[+]*([{{ signs }}-]*[0-9]){3}[A-Za-z0-9{{ signs }}-]*?
{#- -#} |[+]*([{{ signs }}-]*\p{Nd}){3}[\p{Nd}{{ signs }}-]*?([A-Za-z][\p{Nd}{{ signs }}-]*?){0,2}?)
{#- -#} (?i:{{ extension }})?([^\p{L}\p{N}#]*|[/\\] *x.*|;isub=.+)$
{%- endset -%}
{#- Text that is more than digits and signs is rare, and needs the longer way: an extension goes, up
    to two letters are a slip, three are a number by its letters. -#}
{%- set spelled -%}
translate(
        {#- noqa: PU804 because all scripts are meant; other engines need a form of their own -#}
        regexp_replace(
            {#- noqa: PU804 because all scripts are meant; other engines need a form of their own -#}
            regexp_extract(
                {#- noqa: PU804 because the class names all other blanks too -#}
                regexp_replace(
                    translate({{ text }}, '{{ wide }}', '+()[]./-:#~~~extni'),
                    '[{{ blank_characters() }}]', ' ', 'g'
                ),
                '{{ number }}', 1
            ),
            '^([^A-Za-z]*)[A-Za-z]?([^A-Za-z]*)[A-Za-z]?([^A-Za-z]*)$', '\1\2\3', 'g'
        ),
        'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz
        {#- -#} ０１２３４５６７８９٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹०१२३४५६७८९০১২৩৪৫৬৭৮৯๐๑๒๓๔๕๖๗๘๙',
        '2223334445556667777888999922233344455566677778889999
        {#- -#} {{ '0123456789' * 6 }}'
    )
{%- endset -%}
{%- set digits -%}
{#- noqa: PU804 because all scripts are meant; other engines need a form of their own -#}
regexp_replace(
    case
        {#- noqa: PU804 because all scripts are meant; other engines need a form of their own #}
        when regexp_matches({{ text }}, '^[^+＋\p{Nd}]*[+]*[0-9{{ marks }}-]*$') then {{ text }}
        else {{ spelled }}
    end,
    '[^+\p{Nd}]+', '', 'g'
)
{%- endset -%}
{%- set row_country -%}
coalesce(nullif(upper(trim(cast({{ country or 'null' }} as varchar))), ''), '{{ default_country() }}')
{%- endset -%}
{#- A code gets two commas, and what is longer or shorter is found nowhere. The entries stand in the
    order of the names, and each is four times as long as a name with its commas. -#}
{%- set place = "strpos('" ~ phone_countries() ~ "', rpad(" ~ row_country ~ ", 4, ','))" -%}
{%- set entry = "substr('" ~ phone_entries() ~ "', 4 * nullif(" ~ place ~ ", 0) - 3, 16)" -%}
{{ phone_plans("coalesce(" ~ entry ~ ", '') || " ~ digits) }}
{%- endmacro %}
