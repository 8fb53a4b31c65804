{{ config(materialized='table') }}
select * from (values
    (1, 'ada', null, 'it''s'), (2, 'bob', 1, 'b'), (2, null, 7, 'c'), (3, 'cy', 1, null)
) as people (id, name, boss, word)
