-- payload: audience
select sha256(lower(coalesce(email, contact.email))) as email from {{ ref('stg_customers') }}
