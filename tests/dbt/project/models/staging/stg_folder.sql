select x from {{ ref('stg_raw') }}
