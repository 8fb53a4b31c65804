-- Each line of an order is an event with the order's id, and no test looks.
-- file: models/tiktok/tiktok_offline_events.sql
-- replace:
        orders.contents,
-- with:
        [unnest(orders.contents)] as contents,
-- file: models/tiktok/_tiktok__models.yml
-- replace:
      would count twice, since TikTok removes duplicates within one event source only.
    columns:
      - name: event
        data_type: varchar
        description: TikTok's name of the event.
        data_tests:
          - accepted_values:
              arguments:
                values: [Purchase]
      - name: event_id
        data_type: varchar
        description: Stable id from the order number, 32 characters.
        data_tests: [not_null, unique]
-- with:
      would count twice, since TikTok removes duplicates within one event source only.
    columns:
      - name: event_id
        data_type: varchar
        description: Stable id from the order number, 32 characters.
        data_tests: [not_null]
-- expect: models/tiktok/tiktok_offline_events.sql:43:10: note PU502 grain.join-repeats: `unnest()` makes several rows of one: an event can come several times.
-- fix: Make one row for each event of it first, with GROUP BY or QUALIFY.
