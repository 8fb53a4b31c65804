select sha256(concat('+1', replace(phone, ' ', ''))) as phone from {{ ref('stg_customers') }} where phone <> ''
