"""Lint judges the first build of an incremental model and the rows that later builds add."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lint.support import GIVEN, VIEW, linted, shown

VIEW_SQL = """select
    'Purchase' as event, o.order_id as event_id, o.ordered_at as event_time, c.email, o.amount as value, o.currency
from {{ ref('orders') }} as o
join {{ ref('customers') }} as c on c.id = o.customer_id
"""
ORDERS = """{{ config(materialized='incremental', unique_key='order_id') }}
select * from {{ ref('stg_orders') }}
{% if is_incremental() %}
where ordered_at > (select max(ordered_at) from {{ this }})
{% endif %}
"""
FROM = "from {{ ref('stg_customers') }}\n"
LEAK = "`email` carries a raw e-mail address from shop.customers.email."
SAFE = "select id, sha256(lower(trim(email))) as email"
ADDED = f"{{% if is_incremental() %}}\nselect id, email\n{{% else %}}\n{SAFE}\n{{% endif %}}\n"
CONFIG = "{{ config(materialized='incremental', unique_key='id') }}\n"
MOVES = """{% if is_incremental() %}
select id, a as email, b as a, c as b, c from {{ this }}
{% else %}
select id, 'x' as email, 'y' as a, 'z' as b, email as c from {{ ref('stg_customers') }}
{% endif %}
"""
HASHED = f"{CONFIG}{SAFE}\n"
CASES = {
    "clean": (HASHED + FROM + "{% if is_incremental() %}where id not in (select id from {{ this }}){% endif %}", []),
    "the rows that are added leak": (CONFIG + ADDED + FROM, [f"2:78 error PU401 {LEAK}"]),
    "the first build leaks": (
        CONFIG + ADDED.replace("is_incremental()", "not is_incremental()") + FROM,
        [f"2:78 error PU401 {LEAK}"],
    ),
    "the table is read back": (
        HASHED + FROM + "{% if is_incremental() %}union all select id, email from {{ this }}{% endif %}",
        [],
    ),
    "a value moves on with each build": (CONFIG + MOVES, [f"2:78 error PU401 {LEAK}"]),
}


@pytest.mark.parametrize(("customers", "expected"), CASES.values(), ids=CASES.keys())
def test_both_builds_are_proven(tmp_path: Path, customers: str, expected: list[str]) -> None:
    """A raw identifier is found whichever build lets it in, and what flows through the table itself is followed."""
    files = {**GIVEN, VIEW: VIEW_SQL, "models/orders.sql": ORDERS, "models/customers.sql": customers}
    findings = [finding for finding in linted(tmp_path, files) if finding.rule.startswith("PU4")]
    assert [shown(finding) for finding in findings] == expected


CARDS = "select digest as email from {{ source('club', 'cards') }}"
MEMBERS = "select digest as email from {{ source('club', 'members') }} where marketing_consent = 'yes'"


@pytest.mark.parametrize(("first", "added"), [(MEMBERS, CARDS), (CARDS, MEMBERS)])
def test_both_builds_ask_for_consent(tmp_path: Path, first: str, added: str) -> None:
    """A branch for later builds may read a source of its own, and let in people whom the first build left out."""
    config = "{{ config(materialized='incremental') }}\n"
    view = f"{config}{{% if is_incremental() %}}\n{added}\n{{% else %}}\n{first}\n{{% endif %}}\n"
    files = {**GIVEN, VIEW: view, "pusher.yml": "consent: {column: marketing_consent}\n"}
    found = [shown(one) for one in linted(tmp_path, files, payload="audience") if one.rule == "PU413"]
    line = 3 if added == CARDS else 5
    message = "Neither this view nor what it reads asks `marketing_consent` who agreed."
    assert found == [f"{line}:1 error PU413 {message}"]
