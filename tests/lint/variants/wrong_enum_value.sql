-- A content type that TikTok does not have, in one branch of a CASE.
-- file: models/tiktok/tiktok_offline_events.sql
-- replace:
        'product' as content_type,
-- with:
        case when orders.num_items > 1 then 'product_groop' else 'product' end as content_type,
-- expect: models/tiktok/tiktok_offline_events.sql:44:45: error PU208 contract.enum-value: `content_type` can be 'product_groop', which is not one of its values.
-- fix: Did you mean 'product_group'?
