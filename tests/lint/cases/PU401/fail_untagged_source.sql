-- expect: 3:8 error PU401 `description` carries a raw e-mail address from shop.legacy.customer_email.
-- expect: 3:39 error PU401 `brand` carries a raw phone number from shop.legacy.mobile.
select customer_email as description, mobile as brand, email_opt_in as shop_id, contact_email as order_id
from {{ source('shop', 'legacy') }}
