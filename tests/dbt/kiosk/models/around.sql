{{ config(materialized='view', tags=['seen']) }}
select ids from {{ ref('inside') }}
