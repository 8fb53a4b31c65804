select 'ViewContent' as event, click_id as event_id, clicked_at as event_time from {{ source('market', 'clicks') }}
where clicked_at >= timestamp '2026-11-20 10:00:00Z' and clicked_at >= cast('2026-11-20 10:00:00+00:00' as timestamp)
    and clicked_at >= cast('2026-11-20 10:00:00' as timestamp) and clicked_at >= date '2026-11-20'
    and clicked_at >= cast('2026-11-20 10:00:00+02:00' as timestamptz)
