{{ config(unique_key='id') }}
select id{% if not var('extra') %}, word{% endif %}
from (values (1, 1, 'a'), (1, 2, 'b'), (2, 2, 'c'), (2, 3, 'd'), (3, 3, 'e'), (3, 3, 'f'), (3, null, 'g')) as rows(day, id, word)
where day = {{ var('today') }}
