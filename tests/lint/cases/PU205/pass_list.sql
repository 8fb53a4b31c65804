select [sha256(lower(email)), sha256(lower(contact.email))] as email from {{ ref('stg_customers') }}
