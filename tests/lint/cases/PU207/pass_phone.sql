select sha256(replace(phone, ' ', '')) as phone from {{ ref('stg_customers') }}
