-- A key of pusher's own block is misspelt.
-- file: models/tiktok/tiktok_web_events.sql
-- replace:
{{ config(materialized='view', meta={'pusher': {'destination': 'tiktok', 'payload': 'web_events'}}) }}
-- with:
{{ config(materialized='view', meta={'pusher': {'destination': 'tiktok', 'paylod': 'web_events'}}) }}
-- expect: models/tiktok/tiktok_web_events.sql:1:74: error unknown-key: tiktok_web_events: unknown key `paylod` in meta.pusher.
-- fix: Did you mean `payload`?
