select 'Purchase' as event, s.id as event_id, s.sold_at as event_time, p.email, s.total as value, 'EUR' as currency,
    substr(s.a, 0, 4) as shop_id
from sales s
join people p using (person)
join shops h on h.shop = s.shop
where h.name like r'a\_%'
-- tables:
create table sales (id varchar, sold_at timestamp, total decimal(18, 2), a varchar, person varchar, shop varchar);
insert into sales values
    ('1', '2026-11-19 11:00:00', 9.90, 'x-12.7', 'p1', 's1'),
    ('2', '2026-11-19 12:00:00', 5.00, 'none', 'p1', 's2');
create table people (person varchar, email varchar);
insert into people values ('p1', 'ada@example.com');
create table shops (shop varchar, name varchar);
insert into shops values ('s1', 'a_b'), ('s2', 'axb');
-- expect:
{"event": "Purchase", "event_id": "1", "event_time": "2026-11-19 11:00:00", "email": "sha256:ada@example.com", "value": "9.90", "currency": "EUR", "shop_id": "x-12"}
-- changes:
1:47 assumed sales.sold_at -> timezone: UTC
1:72 identity p.email -> {{ hashed_email('p.email') }}
2:5 text substr(s.a, 0, 4) -> substring(s.a, 1, 4)
4:6 assumed JOIN people AS p USING (person) -> data_tests: [unique] on person
5:6 assumed h.shop = s.shop -> data_tests: [unique] on shop
6:7 text h.name LIKE 'a\\_%' -> h.name like 'a\_%' escape '\'
