-- expect: 2:57 note PU802 PIVOT and UNPIVOT have another form elsewhere.
select * from {{ source('market', 'payments') }} pivot (sum(amount) for method in ('card', 'cash'))
