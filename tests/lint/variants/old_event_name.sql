-- The name that the event had before.
-- file: models/tiktok/tiktok_web_events.sql
-- replace:
        'Purchase' as event,
-- with:
        'CompletePayment' as event,
-- expect: models/tiktok/tiktok_web_events.sql:67:9: note PU209 contract.renamed-value: 'CompletePayment' is now called 'Purchase'. Renamed; TikTok converts the old name, so the two are one event.
-- fix: Write 'Purchase'.
