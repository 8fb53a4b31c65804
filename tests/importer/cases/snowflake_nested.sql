with hashed as (
    select m.id, sha2(m.mail) as mail_hash from crm.members m
)
select 'Subscribe' as event, s.no::string as event_id, s.begun as event_time, x.mail_hash as email
from crm.signups s
join (select id, mail_hash from hashed) x on x.id = s.member
-- tables:
create schema crm;
create table crm.members (id bigint, mail varchar);
insert into crm.members values (1, 'ada@example.com');
create table crm.signups (no bigint, member bigint, begun timestamp);
insert into crm.signups values (5, 1, '2026-11-19 10:00:00');
-- expect:
{"event": "Subscribe", "event_id": "5", "event_time": "2026-11-19 10:00:00", "email": "sha256:ada@example.com"}
-- lint:
PU201 Column `currency` is missing.
PU201 Column `value` is missing.
-- changes:
4:56 assumed signups.begun -> timezone: UTC
4:79 hash x.mail_hash -> {{ hashed_email('m.mail') }}
