select id, word{% if var('extra') %}, day{% endif %}
from (values (1, 1, 'a'), (1, 2, 'b'), (2, 2, 'c'), (2, 3, 'd'), (3, 3, 'e'), (3, 3, 'f'), (3, null, 'g')) as rows(day, id, word)
{% if is_incremental() -%}
where day = {{ var('today') }} and (select count(*) from {{ this }}) > 0
{%- else -%}
where day <= {{ var('today') }}
{%- endif %}
