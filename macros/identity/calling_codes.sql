{% macro calling_codes(part) -%}
{#- Numbering plans: calling code, what is dialled before a national number, fewest and most digits
    after the code. A dialled 0 is dropped behind the calling code; Italy's is part of the number
    and stays; North America dials 1, which is also its calling code. Countries whose national form
    needs more than that (Argentina's 9 and 15, Hungary's 06, Russia's 8, Lithuania's 8 or 0) are
    left out: their numbers count when written with the calling code. -#}
{%- set plans = {
    'US': ('1', '1', 10, 10), 'CA': ('1', '1', 10, 10), 'GB': ('44', '0', 9, 10),
    'UK': ('44', '0', 9, 10), 'DE': ('49', '0', 5, 13), 'FR': ('33', '0', 9, 9),
    'IT': ('39', '', 6, 12), 'ES': ('34', '', 9, 9), 'NL': ('31', '0', 9, 11),
    'BE': ('32', '0', 8, 9), 'AT': ('43', '0', 5, 13), 'CH': ('41', '0', 9, 9),
    'IE': ('353', '0', 7, 10), 'PT': ('351', '', 9, 9), 'LU': ('352', '', 4, 11),
    'DK': ('45', '', 8, 8), 'SE': ('46', '0', 7, 9), 'NO': ('47', '', 8, 8),
    'FI': ('358', '0', 5, 10), 'EE': ('372', '', 7, 8), 'LV': ('371', '', 8, 8),
    'PL': ('48', '', 9, 9), 'CZ': ('420', '', 9, 9), 'SK': ('421', '0', 6, 9),
    'RO': ('40', '0', 6, 9), 'BG': ('359', '0', 6, 9), 'HR': ('385', '0', 8, 9),
    'GR': ('30', '', 10, 10), 'TR': ('90', '0', 10, 10), 'UA': ('380', '0', 9, 9),
    'IL': ('972', '0', 8, 9), 'AE': ('971', '0', 8, 9), 'SA': ('966', '0', 9, 9),
    'ZA': ('27', '0', 9, 9), 'EG': ('20', '0', 8, 10), 'MA': ('212', '0', 9, 9),
    'AU': ('61', '0', 9, 9), 'NZ': ('64', '0', 8, 10), 'JP': ('81', '0', 9, 10),
    'KR': ('82', '0', 7, 10), 'SG': ('65', '', 8, 8), 'HK': ('852', '', 8, 8),
    'TW': ('886', '0', 8, 9), 'CN': ('86', '0', 7, 11), 'IN': ('91', '0', 10, 10),
    'ID': ('62', '0', 7, 12), 'MY': ('60', '0', 8, 10), 'TH': ('66', '0', 8, 9),
    'PH': ('63', '0', 8, 10), 'VN': ('84', '0', 9, 10), 'BR': ('55', '0', 10, 11),
    'MX': ('52', '', 10, 10), 'CL': ('56', '', 9, 9), 'CO': ('57', '0', 8, 10),
    'PE': ('51', '0', 8, 9),
} -%}
{%- set first_digit = {'1': '[2-9]', '39': '[03]'} -%}
{%- if part == 'prefixes' -%}
    {#- `,GB(44..`: entries of eight characters, filled up with the mark of the dialling rule. -#}
    {%- for country, plan in plans.items() -%}
        {{ ',' ~ country ~ ('(' ~ plan[0] ~ {'0': '...', '1': '---', '': '///'}[plan[1]])[:5] }}
    {%- endfor -%}
{%- elif part in ('zero_after_2', 'zero_after_3') -%}
    {%- set length = part[-1] | int -%}
    (
    {%- for code, dialled, _, _ in plans.values() if dialled == '0' and code | length == length -%}
        {{ '|' if not loop.first }}{{ code }}
    {%- endfor -%}
    )
{%- elif part == 'numbers' -%}
    (
    {%- for code, _, fewest, most in plans.values() -%}
        {{ code }}{{ first_digit.get(code, '[1-9]') }}[0-9]{{ '{%d,%d}' % (fewest - 1, most - 1) }}|
    {%- endfor -%}
    {#- All other assigned calling codes of countries; a whole number has 7 to 15 digits. -#}
    {{ '7[0-9]{10}|(36|53|54|58|92|93|94|95|98)[0-9]{5,13}' -}}
    {{ '|(21[1368]|22[0-9]|23[0-9]|24[0-9]|25[0-8]|26[0-9]|29[017-9]|35[04-7]|37[03-8]' -}}
    {{ '|38[1-3679]|423|50[0-9]|59[0-9]|67[02-9]|68[0-35-9]|69[0-2]|85[0356]|880|96[0-578]' -}}
    {{ '|97[03-7]|99[2-68])[0-9]{4,12}' -}}
    )
{%- endif -%}
{%- endmacro %}
