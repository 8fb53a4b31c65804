-- before
with mine as (select * from {{ ref('blocks') }})
select mine.*, w.vars from mine, {{ ref('words') }} as w
{% if execute %}where true{% endif %}
