{#- Asks what another model has just become, in the same build. -#}
{%- set days = run_query('select day, total from ' ~ ref('by_kind') ~ ' order by total desc, day') -%}
{% if execute %}
{%- for day in days %}
select {{ loop.index }} as place, date '{{ day['day'] }}' as day, {{ day[1] }} as total, {{ days.rows | length }} as days
{{ "union all" if not loop.last }}
{%- endfor %}
{% else %}
select 0 as place, current_date as day, 0 as total, 0 as days
{% endif %}
