-- about: TikTok knows the SHA-256 of the address, not that of its MD5
-- expect: 4:8 error PU406 `email` holds the hash of a hash of shop.customers.email.
-- expect: 4:50 error PU406 `phone` holds the hash of a hash of shop.customers.phone.
select sha256(md5(lower(trim(email)))) as email, sha256(sha1(phone)) as phone from {{ ref('stg_customers') }}
