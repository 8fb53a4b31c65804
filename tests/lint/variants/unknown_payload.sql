-- The payload is misspelt.
-- file: models/tiktok/tiktok_offline_events.sql
-- replace:
{{ config(materialized='view', meta={'pusher': {'destination': 'tiktok', 'payload': 'offline_events'}}) }}
-- with:
{{ config(materialized='view', meta={'pusher': {'destination': 'tiktok', 'payload': 'ofline_events'}}) }}
-- expect: models/tiktok/tiktok_offline_events.sql:1:85: error unknown-payload: tiktok_offline_events: unknown payload `ofline_events`.
-- fix: Did you mean `offline_events`?
