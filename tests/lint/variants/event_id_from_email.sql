-- The id changes when the customer corrects the address.
-- file: models/tiktok/tiktok_web_events.sql
-- replace:
        {{ event_id('Purchase', 'orders.order_id', 'orders.entry') | indent(8) }} as event_id,
-- with:
        sha256(customers.emails[1] || orders.order_id) as event_id,
-- expect: models/tiktok/tiktok_web_events.sql:68:9: warning PU303 determinism.event-id-from-identity: `event_id` depends on retail.customers.email, retail.customers.loyalty_email, retail.customers.mobile, retail.customers.phone: a corrected address makes a new event.
-- fix: Build it from the business key: {{ event_id('Purchase', 'order_id') }}.
