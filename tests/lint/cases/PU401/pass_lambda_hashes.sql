select list_transform(emails, lambda address: sha256(lower(trim(address)))) as email from {{ ref('stg_customers') }}
