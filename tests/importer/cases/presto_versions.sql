SELECT 'Lead' AS event, v.form AS event_id, v.at AS event_time, v.mail AS email
FROM (SELECT form, at, mail, row_number() OVER (PARTITION BY form ORDER BY version DESC) AS nth FROM forms) v
WHERE v.nth = 1
-- tables:
create table forms (form bigint, version bigint, "at" timestamp, mail varchar);
insert into forms values (1, 9, '2026-11-18 10:00:00', 'old@example.com'), (1, 10, '2026-11-19 10:00:00', 'ada@example.com');
-- expect:
{"event": "Lead", "event_id": "1", "event_time": "2026-11-19 10:00:00", "email": "sha256:ada@example.com"}
-- lint:
PU201 Column `currency` is missing.
PU201 Column `value` is missing.
-- changes:
1:65 identity v.mail -> {{ hashed_email('mail') }}
2:20 assumed forms.at -> timezone: UTC
2:30 tie-break ORDER BY version DESC -> ORDER BY version DESC, forms.at, forms.mail
