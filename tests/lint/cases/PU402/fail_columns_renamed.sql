-- expect: 2:8 error PU402 `e_address` comes through COLUMNS(...), which cannot be followed and may hold a raw identifier.
select columns('^(e)mail$') as "\1_address" from {{ ref('stg_customers') }}
