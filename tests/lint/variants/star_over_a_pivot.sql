-- What goes through a PIVOT cannot be followed.
-- file: models/intermediate/int_customers__identified.sql
-- replace:
        list_sort(list(digest) filter (where kind = 'email' and is_sent)) as emails,
        list_sort(list(digest) filter (where kind = 'phone' and is_sent)) as phones,
        cast(
            sum(case when digest is null then identities else 0 end) as integer
        ) as unusable_identities
    from ranked
    group by customer_id
-- with:
        [email_digest] as emails,
        [phone_digest] as phones
    from (
        select customer_id, kind, identity from identities
    ) pivot (any_value(identity) as digest for kind in ('email', 'phone') group by customer_id)
-- expect: models/intermediate/int_customers__identified.sql:67:16: error PU402 privacy.cannot-follow: `email`, `phone` come through PIVOT, which cannot be followed and may hold a raw e-mail address or customer id or phone number.
-- fix: Hash before it, or list the columns one by one.
