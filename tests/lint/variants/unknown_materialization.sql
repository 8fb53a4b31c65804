-- A value of the configuration is misspelt.
-- file: models/tiktok/tiktok_offline_events.sql
-- replace:
{{ config(materialized='view', meta={'pusher': {'destination': 'tiktok', 'payload': 'offline_events'}}) }}
-- with:
{{ config(materialized='veiw', meta={'pusher': {'destination': 'tiktok', 'payload': 'offline_events'}}) }}
-- expect: models/tiktok/tiktok_offline_events.sql:1:11: error unknown-config: Unknown materialization `veiw`.
-- fix: Did you mean `view`?
