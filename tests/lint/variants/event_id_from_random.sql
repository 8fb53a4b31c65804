-- Every run gives an order another id.
-- file: models/tiktok/tiktok_offline_events.sql
-- replace:
        {{ event_id('Purchase', 'orders.order_id', 'orders.entry') | indent(8) }} as event_id,
-- with:
        cast(random() as varchar) as event_id,
-- expect: models/tiktok/tiktok_offline_events.sql:37:14: error PU302 determinism.unstable-event-id: `event_id` depends on random(), so a second run counts every conversion again.
-- fix: Build it from the business key: {{ event_id('Purchase', 'order_id') }}.
-- expect: models/tiktok/tiktok_offline_events.sql:37:14: warning PU301 determinism.clock-or-chance: `random` differs from run to run.
-- fix: Derive the value from columns of the row, such as a hash of its business key.
