-- The id depends on the time of the run, inside the macro.
-- file: macros/tiktok/event_id.sql
-- replace:
substr(sha256('v1' || '{{ name | length }}:{{ name }}'
-- with:
substr(sha256(cast(now() as varchar) || '{{ name | length }}:{{ name }}'
-- expect: macros/tiktok/event_id.sql:5:20: error PU302 determinism.unstable-event-id: `event_id` depends on now(), so a second run counts every conversion again.
-- fix: Build it from the business key: {{ event_id('Purchase', 'order_id') }}.
-- expect: macros/tiktok/event_id.sql:5:20: warning PU301 determinism.clock-or-chance: `now` differs from run to run.
-- fix: Use {{ as_of() }}: the run's start, or the value of --vars, and the same in every model.
