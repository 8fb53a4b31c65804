select sha256(replace(regexp_replace(phone, '0049', '+49'), ' ', '')) as phone from {{ ref('stg_customers') }}
