{%- set asked -%}
select
    1 as whole, 12345678901234567890::hugeint as large, 1.5::double as fraction, 3.0::double as even,
    2.50::decimal(5, 2) as exact, 7.00::decimal(5, 2) as round, date '2026-01-02' as day,
    timestamp '2026-01-02 03:04:05' as moment, true as yes, null as nothing, 'it' as word, '' as empty, '12' as digits,
    {{ "'2026-01-02'" }} as text_of_day
{%- endset -%}
{%- set found = run_query(asked) -%}
{% if execute %}
{%- for name in found.column_names %}
select '{{ name }}' as name, '{{ found.rows[0][name] }}' as value, '{{ found.columns[loop.index0].name }}' as again
{{ "union all" if not loop.last }}
{%- endfor %}
{% else %}
select '' as name, '' as value, '' as again
{% endif %}
