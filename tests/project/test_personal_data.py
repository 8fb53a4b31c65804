"""The audit of personal data: what the SQL says of each identifier, and what made-up rows show."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pusher.config import PolicyFile
from pusher.destinations.tiktok import destination
from pusher.project.personal_data import Audit, audit
from tests.cli.conftest import pusher
from tests.conftest import ProjectFactory
from tests.lint.support import CASES, GIVEN, VIEW, compiled, read_case
from tests.lint.variant_support import ROOT, copy_shipped

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
FILES = [path for path in sorted(CASES.rglob("*.sql")) if path.parent.name in {"PU401", "PU402", "PU403"}]


def audited(root: Path, files: dict[str, str], payload: str = "offline_events") -> Audit:
    """Audit the view of a project."""
    manifest, _ = compiled(root, files)
    return audit(
        manifest,
        manifest.standing(manifest.incremental) if manifest.incremental else None,
        payload_of={"view": destination.payloads[payload]},
        policy=PolicyFile(),
        models=[manifest.models["view"]],
        now=NOW,
    )


def ways(found: Audit) -> set[tuple[str, str, str, str | None]]:
    """Return source column, column of the view, state, and how a made-up value was seen."""
    return {
        (flow.source_column, flow.view_column, flow.state, sighting.how if sighting else None)
        for flow in found.data.flows
        for sighting in [found.sighting(flow)]
    }


@pytest.mark.parametrize(
    "path",
    [path for path in FILES if path.stem.startswith("pass_")],
    ids=lambda path: f"{path.parent.name}-{path.stem}",
)
def test_what_lint_calls_clean_shows_no_made_up_identifier(path: Path, tmp_path: Path) -> None:
    """A case that passes gives rows, and none with an identifier that TikTok does not take so."""
    case = read_case(path)
    found = audited(tmp_path, case.files, case.payload)
    assert (found.escapes, found.is_wrong) == ([], False)
    assert found.seen["view"].failed is None


# No row comes, only a model's own YAML knows of the identifier, it is salted, or only digests come through.
SILENT = {
    "fail_semi_join_left_side",
    "fail_values_and_intersect",
    "fail_tagged_model_column",
    "fail_upstream",
    "fail_digest_test_of_chance",
}


@pytest.mark.parametrize(
    "path",
    [path for path in FILES if path.stem.startswith("fail_")],
    ids=lambda path: f"{path.parent.name}-{path.stem}",
)
def test_what_lint_refuses_is_wrong_here_too(path: Path, tmp_path: Path) -> None:
    """A case that fails has a way that may not be, and the made-up rows show it."""
    case = read_case(path)
    found = audited(tmp_path, case.files, case.payload)
    assert found.is_wrong
    assert bool(found.escapes) == (path.stem not in SILENT)


FLOWS = """
select
    {{ hashed_email('email') }} as email,
    sha256(phone) as phone,
    sha256(sha256(id)) as external_id,
    md5(full_name) as description,
    ip,
    agent as shop_id,
    city as event_channel
from {{ ref('stg_customers') }}
"""
MACRO = "{% macro hashed_email(column) %}sha256(lower(trim({{ column }}))){% endmacro %}"


def test_every_way_of_an_identifier_has_its_state(tmp_path: Path) -> None:
    """By our macros, otherwise, twice, weakly, readable where TikTok wants that, and readable where it does not."""
    files = {**GIVEN, VIEW: FLOWS, "macros/identity/hashed_email.sql": MACRO}
    found = audited(tmp_path, files, "web_events")
    assert ways(found) == {
        ("shop.customers.email", "email", "hashed_by_macro", "hashed"),
        ("shop.customers.phone", "phone", "hashed", "hashed"),
        ("shop.customers.id", "external_id", "hashed_twice", None),
        ("shop.customers.full_name", "description", "weakly_hashed", "weakly hashed"),
        ("shop.customers.ip", "ip", "taken_raw", "readable"),
        ("shop.customers.agent", "shop_id", "raw", "readable"),
    }
    assert [(view, one.column, one.how, one.rows) for view, one in found.escapes] == [
        ("view", "description", "weakly hashed", 400),
        ("view", "shop_id", "readable", 400),
    ]
    assert {flow.view_column: flow.places for flow in found.data.flows}["email"] == (
        ("macros/identity/hashed_email.sql", 1),
    )
    assert [one.name for one in found.kept_back if one.name.startswith("shop.")] == [
        "shop.customers.contact",
        "shop.customers.emails",
        "shop.legacy.customer_email",
        "shop.legacy.mobile",
        "shop.orders.customer_id",
    ]


def test_rows_get_through_filters_joins_and_casts(tmp_path: Path) -> None:
    """Words that SQL compares with, numbers and times as text, keys of joins."""
    view = """
select {{ hashed_email('c.email') }} as email
from {{ ref('stg_orders') }} as o
inner join {{ ref('stg_customers') }} as c on c.id = o.customer_id
where o.channel in ('till', 'web') and c.kind = 'member' and o.ordered_at > timestamp '2026-11-20' and c.city <> 'Bonn'
"""
    seen = audited(tmp_path, {**GIVEN, VIEW: view, "macros/identity/hashed_email.sql": MACRO}).seen["view"]
    assert (seen.failed, seen.rows > 0, [(one.column, one.how) for one in seen.sightings]) == (
        None,
        True,
        [("email", "hashed")],
    )


def test_the_key_of_another_table_is_no_identifier(tmp_path: Path) -> None:
    """Customers and products both have an `id`; what is tagged as no identifier is none."""
    sources = """
version: 2
sources:
  - name: shop
    tables:
      - name: customers
        columns:
          - {name: id, data_type: varchar, config: {meta: {pii: external_id}}}
          - {name: person_id, data_type: varchar, config: {meta: {pii: external_id}}}
      - name: products
        columns:
          - {name: id, data_type: varchar}
          - {name: person_id, data_type: varchar, config: {meta: {pii: none}}}
"""
    files = {
        "models/s.yml": sources,
        VIEW: "select id as order_id, person_id as shop_id from {{ source('shop', 'products') }}",
    }
    found = audited(tmp_path, files)
    assert (found.seen["view"].rows, found.escapes, found.is_wrong) == (400, [], False)


def test_a_view_that_shows_nothing_is_told(tmp_path: Path) -> None:
    """No row comes through, or the rows cannot be made into what the view wants."""
    none = audited(tmp_path, {**GIVEN, VIEW: "select id as external_id from {{ ref('stg_customers') }} where false"})
    failing = "select cast(email as integer) as email from {{ ref('stg_customers') }}"
    failed = audited(tmp_path, {**GIVEN, VIEW: failing})
    assert (none.seen["view"].rows, none.seen["view"].failed) == (0, None)
    assert failed.seen["view"].failed == "view: A text cannot be converted to INT32 in column email."


PROJECT = {
    "models/_sources.yml": """\
version: 2
sources:
  - name: raw
    tables:
      - name: people
        columns:
          - {name: email, data_type: varchar, config: {meta: {pii: email}}}
          - {name: "<b>", data_type: varchar, config: {meta: {pii: name}}}
          - {name: happened_at, data_type: timestamp, config: {meta: {timezone: UTC}}}
""",
    "macros/identity/hashed_email.sql": MACRO,
    "models/events.sql": """\
{{ config(meta={'pusher': {'destination': 'tiktok', 'payload': 'offline_events'}}) }}
select 'Purchase' as event, cast(happened_at as varchar) as event_id, happened_at as event_time,
    {{ hashed_email('email') }} as email
from {{ source('raw', 'people') }}
""",
}


def test_lint_shows_the_way_of_each_identifier(project: ProjectFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """As text and as JSON; the exit code is that of the findings."""
    monkeypatch.chdir(project(PROJECT))
    shown, asked = pusher("lint", "--pii"), pusher("lint", "--pii", "--json")
    assert (shown.code, shown.err) == (0, "")
    assert (
        shown.out.split("notes\n", 1)[1]
        == """

raw.people.<b> (name)
  reaches no destination view

raw.people.email (email)
  -> events.email: hashed by a macro of macros/identity/; seen hashed in 400 of
     400 made-up rows
     macros/identity/hashed_email.sql:1

column        digest of  identity profile
------------  ---------  -----------------
events.email  email      SQL of no profile

events was tried with made-up identifiers and gave 400 rows.
"""
    )
    expected: dict[str, Any] = {
        "columns": [{"name": "raw.people.<b>", "kind": "name"}, {"name": "raw.people.email", "kind": "email"}],
        "flows": [
            {
                "source_column": "raw.people.email",
                "kind": "email",
                "view": "events",
                "view_column": "email",
                "state": "hashed_by_macro",
                "places": [{"file": "macros/identity/hashed_email.sql", "line": 1}],
                "seen": "hashed",
            }
        ],
        "normaliser_version": None,
        "identities": [
            {
                "view": "events",
                "view_column": "email",
                "kind": "email",
                "profile": None,
                "profiles": [],
                "expected": None,
                "is_given": False,
                "places": [{"file": "macros/identity/hashed_email.sql", "line": 1}],
            }
        ],
        "canary": [
            {
                "view": "events",
                "rows": 400,
                "failed": None,
                "sightings": [{"view_column": "email", "kind": "email", "how": "hashed", "rows": 400}],
            }
        ],
    }
    assert (asked.code, asked.json["personal_data"]) == (0, expected)


@pytest.mark.parametrize("profile", ["audience_2026", "audience_2025_dots"])
def test_each_identifier_of_the_shipped_audiences_is_seen_hashed_by_a_macro(tmp_path: Path, profile: str) -> None:
    """Under each profile: an address without dots is another text, and a made-up advertising id has their form."""
    copy_shipped(tmp_path)
    words = ("lint", "--pii", "--json", "--project-dir", str(tmp_path), "--vars", f"{{audience_profile: {profile}}}")
    data = pusher(*words).json["personal_data"]
    flows = data["flows"]
    of_audiences = [flow for flow in flows if flow["view"].startswith("tiktok_audience_")]
    seen = {(flow["kind"], flow["view_column"]) for flow in of_audiences if flow["seen"] == "hashed"}
    assert {flow["state"] for flow in of_audiences} == {"hashed_by_macro"}
    assert seen == {("email", "email"), ("phone", "phone"), ("idfa", "idfa"), ("gaid", "aaid")}
    profiles = {(one["view"], one["view_column"]): one["profile"] for one in data["identities"]}
    assert profiles == {
        ("tiktok_audience_best_profile", "email"): profile,
        ("tiktok_audience_best_profile", "phone"): profile,
        ("tiktok_audience_full_profile", "aaid"): profile,
        ("tiktok_audience_full_profile", "email"): profile,
        ("tiktok_audience_full_profile", "idfa"): profile,
        ("tiktok_audience_full_profile", "phone"): profile,
        ("tiktok_offline_events", "email"): "events_2_0",
        ("tiktok_offline_events", "phone"): "events_2_0",
        ("tiktok_web_events", "email"): "events_2_0",
        ("tiktok_web_events", "external_id"): "events_2_0",
        ("tiktok_web_events", "phone"): "events_2_0",
    }
    assert data["normaliser_version"].endswith(f"{profile} idfa-lower")


SHIPPED_MACROS = {
    f"macros/identity/{path.name}": path.read_text("utf-8") for path in (ROOT / "macros/identity").iterdir()
}
IDENTITIES = """
select
    {{ hashed_email('c.email', state='auto', profile='audience_2025_dots') }} as email,
    sha256(c.phone) as phone,
    {{ hashed_idfa('d.idfa') }} as idfa,
    {{ hashed_gaid("nullif(d.gaid, '')", profile='audience_2026') }} as aaid
from {{ ref('stg_customers') }} as c
join {{ source('app', 'devices') }} as d on d.customer_id = c.id
"""


def test_a_digest_of_another_profile_than_the_view_wants_is_told(tmp_path: Path) -> None:
    """The macro's SQL says which one made it, whatever its argument is; a digest of a source nobody can tell."""
    found = audited(tmp_path, {**GIVEN, **SHIPPED_MACROS, VIEW: IDENTITIES}, "audience")
    assert [
        (one.view_column, one.kind, one.profile, one.expected, one.is_expected, one.is_given)
        for one in found.data.identities
    ] == [
        ("aaid", "gaid", "audience_2026", "audience_2026", True, False),
        ("email", "email", "audience_2025_dots", "audience_2026", False, False),
        ("email", "email", None, "audience_2026", True, True),
        ("idfa", "idfa", "events_2_0", "audience_2026", False, False),
        ("phone", "phone", None, "audience_2026", False, False),
    ]


def test_the_page_shows_the_profile_of_each_digest(tmp_path: Path) -> None:
    """Marked where it is not the one of the view's kind."""
    copy_shipped(tmp_path)
    model = tmp_path / "models/tiktok/tiktok_audience_best_profile.sql"
    text = model.read_text("utf-8")
    model.write_text(text.replace("best_phone as phone", "sha256(best_phone) as phone"), "utf-8")
    page = tmp_path / "pii.html"
    pusher("lint", "--html", str(page), "--project-dir", str(tmp_path), "--select", "tiktok_audience_best_profile")
    text = page.read_text("utf-8")
    name, where = "tiktok_audience_best_profile", "macros/identity/hashed_email.sql:3"
    assert f"<tr><td>{name}.email</td><td>email</td><td>audience_2026</td><td>{where}</td></tr>" in text
    wrong = "SQL of no profile, where audience_2026 is expected"
    assert f'<tr class="bad"><td>{name}.phone</td><td>phone</td><td>{wrong}</td>' in text


def test_a_page_for_an_auditor_escapes_what_it_shows(project: ProjectFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of columns are text; a page that cannot be written is told."""
    root = project(PROJECT)
    monkeypatch.chdir(root)
    assert pusher("lint", "--html", "pii.html").code == 0
    page = (root / "pii.html").read_text("utf-8")
    assert "<b>" not in page
    cells = "<td>raw.people.&lt;b&gt;</td><td>name</td><td></td>"
    assert f'{cells}<td class="text">reaches no destination view</td>' in page
    assert pusher("lint", "--html", "no/such/folder.html").code == 2


def test_a_readable_identifier_ends_with_exit_code_1(project: ProjectFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when the policy takes the finding away: the audit does not look at it."""
    readable = PROJECT["models/events.sql"].replace("{{ hashed_email('email') }}", "email")
    policy = "lint: {severity: {PU401: off}}\n"
    monkeypatch.chdir(project({**PROJECT, "models/events.sql": readable, "pusher.yml": policy}))
    plain, audited = pusher("lint"), pusher("lint", "--html", "pii.html")
    assert (plain.code, audited.code) == (0, 1)
    assert "events.email showed a made-up email readable." in audited.out
    # A page has no colours of a terminal.
    assert "error: events.email showed a made-up email readable." in Path("pii.html").read_text("utf-8")
