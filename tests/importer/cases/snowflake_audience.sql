select distinct
    'Lapsed buyers' as audience_name,
    sha2(lower(trim(c.email)), 256) as email,
    sha2(c.idfa, 256) as idfa,
    sha2('+44' || regexp_replace(c.mobile, '[^0-9]'), 256) as phone
from mart.customers c
where c.last_order_at < dateadd(month, -6, current_date()) and c.opted_in
-- options: --country GB
-- tables:
create schema mart;
create table mart.customers (email varchar, idfa varchar, mobile varchar, last_order_at timestamp, opted_in boolean);
insert into mart.customers values
    ('Ada@example.com', 'EA7583CD-A667-48BC-B806-42ECB2B48606', '07400 123456', '2026-01-02 00:00:00', true),
    ('bob@example.com', null, null, '2026-10-02 00:00:00', true), ('cy@example.com', null, null, '2026-01-02 00:00:00', false);
-- expect:
{"email": "sha256:ada@example.com", "phone": "sha256:+447400123456", "idfa": "sha256:ea7583cd-a667-48bc-b806-42ecb2b48606"}
-- changes:
2:5 setting 'Lapsed buyers' -> meta: audience_name
3:5 hash SHA2(LOWER(TRIM(c.email)), 256) -> {{ hashed_email('c.email', profile=audience_profile()) }}
4:5 hash SHA2(c.idfa, 256) -> {{ hashed_idfa('c.idfa', profile=audience_profile()) }}
5:5 hash SHA2('+44' || REGEXP_REPLACE(c.mobile, '[^0-9]', ''), 256) -> {{ hashed_phone('c.mobile', "'GB'") }}
7:7 assumed customers.last_order_at -> timezone: UTC
7:44 clock CURRENT_DATE -> cast({{ as_of() }} as date)
