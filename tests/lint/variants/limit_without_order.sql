-- The view takes any thousand orders.
-- file: models/tiktok/tiktok_offline_events.sql
-- replace:
select * from final
-- with:
select * from final
limit 1000
-- expect: models/tiktok/tiktok_offline_events.sql:57:7: warning PU301 determinism.clock-or-chance: LIMIT without ORDER BY takes other rows from run to run.
-- fix: Add an ORDER BY that ends in a unique key, or filter the rows by what they hold.
