-- A row that was let go of leaves the quarantine once a push settled it again; until then it stands there once.
create view quarantine as
select * exclude (place)
from (
    select *, row_number() over (partition by event_key, term order by first_seen desc, run desc) as place
    from _quarantine
)
where term <> 'reopened' or (
    place = 1 and event_key not in (select event_key from sent_keys)
)
