-- expect: models/staging/_sources.yml:28:1 warning PU404 `customer_email` of source shop.legacy is called like an e-mail address and has no `pii`.
-- expect: models/staging/_sources.yml:29:1 warning PU404 `mobile` of source shop.legacy is called like a phone number and has no `pii`.
select sha256(lower(trim(customer_email))) as email from {{ source('shop', 'legacy') }}
