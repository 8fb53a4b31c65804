select 'SubmitForm' as event, f.form_id as event_id, f.sent_at as timestamp, sha256(to_utf8(f.mail)) as emails, 'crm' as event_channel
from leads.forms f
where f.sent_at between date_add('day', -7, current_date) and current_date
union all
select 'Contact', c.call_id, c.called_at, sha256(to_utf8(c.mail)), 'phone_call'
from leads.calls c
where c.called_at > now() - interval '36' hour
-- tables:
create schema leads;
create table leads.forms (form_id varchar, sent_at timestamp, mail varchar);
insert into leads.forms values ('f1', '2026-11-19 08:00:00', 'ada@example.com'), ('f2', '2026-11-20 11:00:00', 'bob@example.com');
create table leads.calls (call_id varchar, called_at timestamp, mail varchar);
insert into leads.calls values ('c1', '2026-11-19 08:00:00', 'cy@example.com'), ('c2', '2026-11-18 23:00:00', 'di@example.com');
-- expect:
{"event": "Lead", "event_id": "f1", "event_time": "2026-11-19 08:00:00", "email": "sha256:ada@example.com", "event_channel": "crm"}
{"event": "Contact", "event_id": "c1", "event_time": "2026-11-19 08:00:00", "email": "sha256:cy@example.com", "event_channel": "phone_call"}
-- lint:
PU201 Column `currency` is missing.
PU201 Column `value` is missing.
-- changes:
1:8 event 'SubmitForm' -> 'Lead'
1:54 assumed forms.sent_at -> timezone: UTC
1:54 name timestamp -> event_time
1:78 hash SHA256(TO_UTF8(f.mail)) -> {{ hashed_email('f.mail') }}
1:78 name emails -> email
3:7 clock CURRENT_DATE -> cast({{ as_of() }} as date)
3:25 clock CURRENT_DATE -> cast({{ as_of() }} as date)
5:30 assumed calls.called_at -> timezone: UTC
5:43 hash SHA256(TO_UTF8(c.mail)) -> {{ hashed_email('c.mail') }}
7:21 clock CURRENT_TIMESTAMP -> {{ as_of() }}
