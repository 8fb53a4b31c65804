"""Ways by which a raw identifier could reach the wire: none of them goes unseen."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lint.support import GIVEN, PROOF, VIEW, linted

CUSTOMERS = "{{ ref('stg_customers') }}"
# The view that takes it, and further files behind it.
WAYS: dict[str, tuple[str, dict[str, str]]] = {
    "list_reduce": ("select list_reduce(emails, lambda a, b: a || b) as description from CUSTOMERS", {}),
    "list_zip": ("select list_zip(emails, tags)::varchar as description from CUSTOMERS", {}),
    "json_extract": ("select json_extract_string(to_json(contact), '$.email') as description from CUSTOMERS", {}),
    "regexp_split": ("select regexp_split_to_array(email, '@')[1] as shop_id from CUSTOMERS", {}),
    "map_values": ("select map_values(map([city], [email]))[1] as shop_id from CUSTOMERS", {}),
    "unnest struct recursive": ("select unnest(contact) from CUSTOMERS", {}),
    "window first": (
        "select first_value(phone) over w as shop_id from CUSTOMERS window w as (partition by city order by id)",
        {},
    ),
    "exclude keeps": ("select * exclude (id) from CUSTOMERS", {}),
    "listagg filter": (
        "select listagg(email, ';' order by id) filter (where city = 'x') as description from CUSTOMERS",
        {},
    ),
    "printf": ("select printf('%s a', email) as description from CUSTOMERS", {}),
    "base64": ("select base64(email::blob) as description from CUSTOMERS", {}),
    "hex": ("select hex(email) as description from CUSTOMERS", {}),
    "encode": ("select encode(email)::varchar as description from CUSTOMERS", {}),
    "reverse": ("select reverse(email) as description from CUSTOMERS", {}),
    "union by name": (
        "select city as description from CUSTOMERS union all by name select phone as description from CUSTOMERS",
        {},
    ),
    "alias equals tagged": ("select email as city2, city as email, city2 as description from CUSTOMERS", {}),
    "shadowing cte": (
        "with stg_customers as (select email as city from CUSTOMERS) select city as description from stg_customers",
        {},
    ),
    "unpivot": (
        "select value as description from (select email, phone from CUSTOMERS) unpivot (value for k in (email, phone))",
        {},
    ),
    "positional join": ("select b.email as description from CUSTOMERS a positional join CUSTOMERS b", {}),
    "asof": (
        "select b.phone as description from {{ ref('stg_orders') }} a asof join CUSTOMERS b on a.customer_id >= b.id",
        {},
    ),
    "exists list": (
        "select array(select email from CUSTOMERS)::varchar as description from {{ ref('stg_orders') }}",
        {},
    ),
    "histogram": ("select histogram(email)::varchar as description from CUSTOMERS", {}),
    "approx_top_k": ("select approx_top_k(email, 3)::varchar as description from CUSTOMERS", {}),
    "min_by": ("select min_by(email, id) as description from CUSTOMERS", {}),
    "any_value struct": ("select any_value(c).email as description from CUSTOMERS c", {}),
    "first(c)": ("select first(c order by id).phone as description from CUSTOMERS c", {}),
    "list_aggregate": ("select list_aggregate(emails, 'string_agg', '|') as description from CUSTOMERS", {}),
    "struct_insert": ("select struct_insert({'a': 1}, b := email).b as description from CUSTOMERS", {}),
    "map_from_entries": ("select map_from_entries([(city, email)])[city] as description from CUSTOMERS", {}),
    "chained dot": ("select email.upper().trim() as description from CUSTOMERS", {}),
    "star like": ("select * like 'em%' from CUSTOMERS", {}),
    "columns exclude": ("select columns(* exclude (id, city)) from CUSTOMERS", {}),
    "unpack": ("select concat(*columns(['email','city'])) as description from CUSTOMERS", {}),
    "grouping sets": ("select email as description from CUSTOMERS group by grouping sets ((email), ())", {}),
    "struct exclude": ("select s.* exclude (x) from (select {'description': phone, 'x': 1} as s from CUSTOMERS)", {}),
    "json_group": ("select json_group_object(city, email)::varchar as shop_id from CUSTOMERS", {}),
    "lead default": ("select lead(city, 1, email) over (order by id) as shop_id from CUSTOMERS", {}),
    "within group": ("select mode() within group (order by email) as shop_id from CUSTOMERS", {}),
    "rot": (
        "select list_transform(string_split(email, ''), lambda c: chr(ascii(c)+1))::varchar as shop_id from CUSTOMERS",
        {},
    ),
    "list_reduce init": ("select list_reduce([city, city], lambda a, b: a || email) as shop_id from CUSTOMERS", {}),
    "hash name collision": ("select sha256 as email from (select email as sha256 from CUSTOMERS)", {}),
    "summarize": ("select min as shop_id from (summarize CUSTOMERS)", {}),
    "generate by length": ("select chr(unicode(email[i])) as shop_id from CUSTOMERS, range(1, 20) t(i)", {}),
    "min(struct)": ("select min({'k': id, 'e': email}).e as shop_id from CUSTOMERS", {}),
    "nested macro sql caller": (
        "select {% call w() %}email{% endcall %} as shop_id from CUSTOMERS",
        {"macros/w.sql": "{% macro w() %}trim({{ caller() }}){% endmacro %}"},
    ),
    "set block": ("{% set c %}email{% endset %}select {{ c }} as shop_id from CUSTOMERS", {}),
    "model declared digest": (
        "select e as email from {{ ref('m') }}",
        {
            "models/m.sql": "select email as e from CUSTOMERS",
            "models/m.yml": "models:\n  - name: m\n    columns: [{name: e, config: {meta: {pii: email_sha256}}}]\n",
        },
    ),
    "ephemeral": (
        "select e as description from {{ ref('m') }}",
        {"models/m.sql": "{{ config(materialized='ephemeral') }}\nselect email as e from CUSTOMERS"},
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_raw_identifier_is_seen_whatever_way_it_takes(way: str, tmp_path: Path) -> None:
    """What is not followed counts as raw, so that no function has to be known."""
    view, others = WAYS[way]
    files = {VIEW: view, **others}
    files = {path: text.replace("CUSTOMERS", CUSTOMERS) for path, text in files.items()}
    found = linted(tmp_path, {**GIVEN, **files}, payload="web_events")
    assert {one.rule for one in found} & set(PROOF)
