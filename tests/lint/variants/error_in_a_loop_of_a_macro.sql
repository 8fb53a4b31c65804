-- SQL that a macro's loop makes is wrong.
-- file: macros/tiktok/event_id.sql
-- replace:
    || cast(length({{ part }}) as varchar) || ':' || {{ part }}
-- with:
    || cast(lenght({{ part }}) as varchar) || ':' || {{ part }}
-- expect: macros/tiktok/event_id.sql:8:13: error sql-catalog: Scalar Function with name lenght does not exist (in model tiktok_offline_events).
-- fix: Did you mean `length`?
-- expect: macros/tiktok/event_id.sql:8:13: error sql-catalog: Scalar Function with name lenght does not exist (in model tiktok_web_events).
-- fix: Did you mean `length`?
