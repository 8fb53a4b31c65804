-- A field of the items is misspelt, inside a macro.
-- file: macros/tiktok/contents.sql
-- replace:
        content_id := item.content_id,
-- with:
        content_ident := item.content_id,
-- expect: models/tiktok/tiktok_offline_events.sql:43:9: error PU201 contract.missing-column: `contents` lacks the field `content_id`.
-- fix: Add it to the struct: Catalogue id of the item: its SKU or its group.
-- expect: models/tiktok/tiktok_offline_events.sql:43:9: error PU202 contract.unknown-column: `contents` has the unknown field `content_ident`.
-- fix: Did you mean `content_id`?
-- expect: models/tiktok/tiktok_web_events.sql:83:9: error PU201 contract.missing-column: `contents` lacks the field `content_id`.
-- fix: Add it to the struct: Catalogue id of the item: its SKU or its group.
-- expect: models/tiktok/tiktok_web_events.sql:83:9: error PU202 contract.unknown-column: `contents` has the unknown field `content_ident`.
-- fix: Did you mean `content_id`?
