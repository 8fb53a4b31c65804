-- expect: models/int_tokens.sql:1:25 warning PU414 These 40 hexadecimal digits look like an access token.
select sha256(lower(email)) as email from {{ ref('int_tokens') }}
-- file: models/int_tokens.sql
{% set t = var('token','0123456789abcdef0123456789abcdef01234567') %}
select email from {{ ref('stg_customers') }}
