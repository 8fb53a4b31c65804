{{ config(materialized='ephemeral') }}
select id, boss from {{ ref('people') }}
