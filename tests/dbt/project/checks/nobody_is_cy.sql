{{ config(severity='warn') }}
select id from {{ ref('people') }} where name = 'cy'
