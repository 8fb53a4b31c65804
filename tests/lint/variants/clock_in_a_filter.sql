-- The view reads the clock instead of the run's start.
-- file: models/tiktok/tiktok_offline_events.sql
-- replace:
        and {{ lookback('occurred_at') }}
-- with:
        and occurred_at >= now() - interval 28 day
-- expect: models/tiktok/tiktok_offline_events.sql:19:28: warning PU301 determinism.clock-or-chance: `now` differs from run to run.
-- fix: Use {{ as_of() }}: the run's start, or the value of --vars, and the same in every model.
