select sha256('+1' || regexp_replace(phone, '[^0-9]', '', 'g')) as phone from {{ ref('stg_customers') }}
