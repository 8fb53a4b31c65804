-- Constant and name are swapped.
-- file: models/tiktok/tiktok_offline_events.sql
-- replace:
        'Purchase' as event,
-- with:
        event as 'Purchase',
-- expect: models/tiktok/tiktok_offline_events.sql:36:9: error sql-binder: Referenced column "event" not found in FROM clause.
-- fix: Name a column of a table in FROM.
