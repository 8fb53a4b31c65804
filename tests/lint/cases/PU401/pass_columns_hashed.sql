select sha256(lower(trim(columns('^email$')))), columns('^city$') from {{ ref('stg_customers') }}
