"""A user with restricted PII: canaries in every coding are in no byte of what any command prints or writes."""

from __future__ import annotations

import io
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from pusher.cli.app import app
from pusher.destinations.tiktok.facts import contract
from pusher.project.showing import masked_body
from pusher.settings.access import USER_VARIABLE
from tests.cli.conftest import CANARIES, Ran, Shop, pusher
from tests.test_screening import codings

ADVERTISER = "7654321098765432109"
ROOT = Path(__file__).parents[2]
ROLES = """\
roles:
  engineers: {users: [ana], orchestrations: [tiktok], campaigns: [tiktok]}
  analysts: {users: [ben], orchestrations: [tiktok], restrict_pii: true}
lint:
  severity: {PU401: warning, PU402: warning}
"""
LITERAL = """\
select *, concat(note, '') as remark, contact as "Kontakt", reverse(contact) as turned
from {{ ref('stg_orders') }}
where contact is distinct from 'canary.one@shop.example.org'
"""
MEMBERS = """\
{{ config(materialized='view', meta={'pusher': {
    'destination': 'tiktok', 'payload': 'audience', 'audience_name': 'Members',
    'advertiser_ids': ['7654321098765432109']
}}) }}
select sha256(lower(trim("EMAIL"))) as email from {{ ref('stg_orders') }} where "EMAIL" like '%@%.%'
"""
TESTS = """\
models:
  - name: stg_orders
    columns:
      - name: order_id
        data_tests:
          - not_null
      - name: contact
        data_tests:
          - accepted_values: {arguments: {values: [nobody]}, config: {severity: warn, store_failures: true}}
unit_tests:
  - name: one_order
    model: stg_orders
    given:
      - input: source('raw', 'orders')
        rows:
          - {order_id: "1", Email: canary.one@shop.example, phone: "+12133734253", note: "call +12133734253"}
    expect:
      rows:
        - {order_id: "2", contact: other, note: none}
"""
QUERY = """\
select
    'Purchase' as event,
    order_id as event_id,
    cast(to_unixtime(ordered_at) as bigint) as timestamp,
    to_hex(sha256(to_utf8(lower(contact)))) as email,
    amount as value,
    'USD' as currency
from raw.orders
where contact <> 'canary.one@shop.example'
"""
pytestmark = pytest.mark.leaks
"""These tests search by themselves, and know where a project's own texts may stand again."""
SECRETS = tuple(
    sorted(
        {
            form
            for value in (*CANARIES, CANARIES[1].lower())
            for name, form in codings(value).items()
            # Ten bare digits may be part of any number.
            if name not in {"raw", "upper", "url"} or value != CANARIES[4]
        },
        key=len,
        reverse=True,
    )
)


@pytest.fixture
def guarded(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """Return the shop with roles, more models and tests, built by who may see everything; then ben is at work."""
    profile = json.loads((shop.root / "profiles.yml").read_text())
    profile["pusher"]["dev"]["tiktok"]["allow_restricted_pii"] = True
    files = {
        "pusher.yml": ROLES,
        "profiles.yml": json.dumps(profile),
        "models/literal.sql": LITERAL,
        "models/members.sql": MEMBERS,
        "models/_tests.yml": TESTS,
        "query.sql": QUERY,
    }
    for name, text in files.items():
        (shop.root / name).write_text(text)
    monkeypatch.setenv(USER_VARIABLE, "ana")
    built = shop("build", "--select", "stg_orders offline literal members", "--exclude", "test_type:unit")
    assert built.code == 0, built.err
    shutil.rmtree(shop.root / "target")
    monkeypatch.setenv(USER_VARIABLE, "ben")
    return shop


def found_in(text: str) -> list[str]:
    """Return the canaries that a text holds, whatever the case of its letters."""
    lowered = text.lower()
    return [secret for secret in SECRETS if secret.lower() in lowered]


def typed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Pipe a text into the next command."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8"))


def written(root: Path) -> dict[str, str]:
    """Return what commands wrote for people: everything below target, and pages."""
    paths = [path for path in (root / "target").rglob("*") if path.is_file()] + list(root.glob("*.html"))
    return {path.relative_to(root).as_posix(): path.read_text() for path in paths}


COMMANDS: tuple[tuple[str, ...], ...] = (
    ("ls",),
    ("compile",),
    ("compile", "--select", "literal"),
    ("compile", "--inline", "select 'canary.one@shop.example' as a, '2b3132313333373334323533' as b"),
    ("config",),
    ("config", "offline"),
    ("debug",),
    ("lint",),
    ("lint", "--format", "github"),
    ("lint", "--format", "sarif"),
    ("lint", "--pii", "--html", "personal.html"),
    ("build", "--select", "stg_orders offline literal members"),
    ("test",),
    ("show", "stg_orders"),
    ("show", "literal", "--limit", "10"),
    ("show", "offline"),
    ("show", "members"),
    ("show", "offline", "--payload"),
    ("show", "members", "--payload"),
    ("show", "--inline", "select *, hex(contact) as h, to_base64(encode(phone)) as b from {{ ref('stg_orders') }}"),
    (
        "show",
        "--inline",
        "select url_encode(contact) as u, sha256(note) as s, reverse(note) as r from {{ ref('literal') }}",
    ),
    ("show", "--inline", "select upper(email) as e, md5(email) as m, left(email, 20) as l from {{ ref('offline') }}"),
    ("show", "--inline", "select error(contact) as e from {{ ref('stg_orders') }}"),
    ("show", "--inline", "select cast(contact as integer) as e from {{ ref('stg_orders') }}"),
    (
        "show",
        "--inline",
        "select error('NOT NULL constraint failed: ' || reverse(contact)) as e from {{ ref('stg_orders') }}",
    ),
    ("push", "--dry-run"),
    ("push",),
    ("push", "--test-event-code", "T1", "--select", "offline"),
    ("status",),
    ("status", "--sql", "select * from quarantine"),
    ("status", "--sql", "select * from sent_keys"),
    ("status", "--sql", "select hex(payload_hash) as p, md5(contents_hash::varchar) as c from sent_keys"),
    ("status", "--sql", "select * from read_csv('orders.csv')"),
    ("report",),
    ("report", "--by", "store", "--html", "report.html"),
    ("retry",),
    ("resolve",),
    ("status", "last"),
    ("doctor",),
    ("auth", "status"),
    ("audience", "list"),
    ("audience", "forecast"),
    ("audience", "reconcile"),
    ("audience", "adopt", "members", "--audience-id", "7200000000000000001"),
    ("import", "query.sql", "--dialect", "presto", "--dry-run"),
    ("clean",),
)
ELSEWHERE = {"explain", "forget"}
WITHOUT_DATA = {"init", "sandbox"}
"""The one writes a new project, the other answers requests and reads no project."""


def test_every_command_is_among_those_that_are_tried() -> None:
    """A new command joins the list below its name, or says why it can show nobody."""
    group: Any = typer.main.get_command(app())
    assert set(group.commands) - ELSEWHERE - WITHOUT_DATA == {words[0] for words in COMMANDS}


def test_no_command_shows_or_writes_an_identifier(guarded: Shop) -> None:
    """As text and as JSON, on stdout, on stderr and in files; digests are personal data too."""
    leaks: list[tuple[str, list[str]]] = []
    codes = {}
    for words in COMMANDS:
        for form in ((), ("--json",)):
            if form and "--format" in words:
                continue
            ran = run(guarded, *words, *form)
            codes[" ".join((*words, *form))] = ran.code
            leaks += [
                (" ".join((*words, *form)), secrets) for text in (ran.out, ran.err) if (secrets := found_in(text))
            ]
        leaks += [
            (f"{words}: {path}", secrets)
            for path, text in written(guarded.root).items()
            if (secrets := hidden(path, text))
        ]
    refused = {words for words, code in codes.items() if code == 2}
    told = {words: code for words, code in codes.items() if code not in {0, 1, 2}}
    assert leaks == []
    assert refused == {
        words for words in codes if any(one in words for one in ("error(", "cast(", "read_csv(", "import "))
    }
    assert told == {}


def test_explaining_and_forgetting_repeat_no_value(guarded: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was typed is in no answer, and neither is its digest: only whether it is usable."""
    shutil.copytree(ROOT / "macros", guarded.root / "macros")
    lines = {}
    for kind, value in (("email", CANARIES[0]), ("email", CANARIES[3]), ("phone", CANARIES[2])):
        typed(monkeypatch, f"{value}\n")
        told = run(guarded, "explain", kind)
        typed(monkeypatch, f"{value}\n")
        machine = run(guarded, "explain", kind, "--json")
        assert [found_in(text) for text in (told.out, told.err, machine.out, machine.err)] == [[]] * 4
        lines[value] = (told.code, told.out.splitlines()[-1], machine.json["digest"])
    assert {value: (code, digest) for value, (code, _, digest) in lines.items()} == {
        CANARIES[0]: (0, "****"),
        CANARIES[3]: (1, None),
        CANARIES[2]: (0, "****"),
    }
    typed(monkeypatch, f"{CANARIES[0]}\n{CANARIES[2]}\n")
    ran = run(guarded, "forget", "--stdin", "--no-push")
    assert (ran.code, found_in(ran.out), found_in(ran.err)) == (0, [], [])


def hidden(path: str, text: str) -> list[str]:
    """Return the canaries of a file; manifest.json repeats the unit tests of the project, whose text the user has."""
    if path.endswith("manifest.json"):
        content = json.loads(text)
        text = json.dumps({**content, "unit_tests": {}})
    return found_in(text)


def run(shop: Shop, *words: str) -> Ran:
    """Run a command of one word, or of a group."""
    if words[0] == "import":
        return shop(words[0], str(shop.root / words[1]), *words[2:])
    if words[0] in {"audience", "auth"}:
        return pusher(*words[:2], "--project-dir", str(shop.root), *words[2:])
    return shop(*words)


def test_the_canaries_are_there_for_who_may_see_more(guarded: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The net has fish: without the restriction some of these commands do show literals and digests."""
    monkeypatch.setenv(USER_VARIABLE, "ana")
    shown = guarded("show", "offline", "--payload")
    compiled = guarded("compile", "--select", "literal")
    assert found_in(shown.out)
    assert "canary.one@shop.example.org" in compiled.out


def test_rows_are_masked_whole(guarded: Shop) -> None:
    """By what a column is made of, whatever it is called; not even the first digits of a digest are left."""
    rows = guarded("show", "literal", "--json").json["rows"]
    hidden_columns = ("EMAIL", "phone", "contact", "Kontakt", "turned")
    assert {tuple(row[name] for name in hidden_columns) for row in rows if row["order_id"] == "1"} == {
        ("****", "****", "****", "****", "****")
    }
    assert {row["email"] for row in guarded("show", "offline", "--json").json["rows"]} == {"****", None}


@pytest.mark.parametrize(
    ("query", "row"),
    [
        ("select strpos('abc', contact[1]) as x, order_id from O", {"x": "****", "order_id": "1"}),
        ("select case when contact like 'c%' then 'yes' end as x, amount from O", {"x": "****", "amount": 10.5}),
        ("select case left(contact, 1) when 'z' then 'z' end as x from O", {"x": "****"}),
        ("select ['a', 'b', 'c'][ascii(contact[1]) - 96] as x from O", {"x": "****"}),
        ("select list_filter(range(97, 123), lambda c: chr(c::int) = contact[1]) as x from O", {"x": "****"}),
        ("select [c for c in range(97, 123) if chr(c::int) = contact[1]] as x from O", {"x": "****"}),
        ("select length(contact) as x, contact = 'a' as y from O", {"x": "****", "y": "****"}),
        ("select nullif(contact[1], 'c') as x from O", {"x": "****"}),
        ("select row_number() over (order by contact) as x from O", {"x": "****"}),
        ("select c.c as x from O, range(97, 123) c(c) where chr(c.c::int) = contact[1]", {"x": "****"}),
        ("select c.c as x from O join range(97, 123) c(c) on chr(c.c::int) = contact[1]", {"x": "****"}),
        ("select (select c from range(97, 123) t(c) where chr(c::int) = contact[1]) as x from O", {"x": "****"}),
        ("select exists (select 1 where contact[1] = 'c') as x from O", {"x": "****"}),
        ("select count(*) as x from O where contact like 'c%'", {"x": "****"}),
        ("select count(*) as x from O where contact is not null", {"x": 4}),
        ("select distinct contact is null as x from O where contact is null", {"x": True}),
        ("select max(y) as x from (select count(*) over (partition by contact) as y from O)", {"x": 2}),
        ("select min(a.amount) as x from O as a join O as b on a.contact = b.contact", {"x": 7.0}),
    ],
)  # fmt: skip
def test_what_tells_of_an_identifier_is_masked_like_one(guarded: Shop, query: str, row: dict[str, Any]) -> None:
    """A position, a comparison, a choice or a row that is there spells an address out, letter by letter."""
    orders = "(select * from {{ ref('stg_orders') }} order by order_id)"
    ran = guarded("show", "--json", "--limit", "1", "--inline", query.replace(" O", f" {orders}"))
    assert (ran.code, ran.json["rows"]) == (0, [row]), ran.err


def test_what_a_model_tells_of_an_identifier_is_shown(guarded: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Models are reviewed before they are the project's; a query is whatever comes to mind."""
    model = "select order_id, length(contact) as size from {{ ref('stg_orders') }} where order_id = '1'"
    (guarded.root / "models" / "sizes.sql").write_text(model)
    monkeypatch.setenv(USER_VARIABLE, "ana")
    assert guarded("build", "--select", "sizes").code == 0
    monkeypatch.setenv(USER_VARIABLE, "ben")
    assert guarded("show", "sizes", "--json").json["rows"] == [{"order_id": "1", "size": 23}]


def test_what_tells_of_an_identifier_is_shown_to_who_may_see_more(
    guarded: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Positions and comparisons are how an engineer looks for what is wrong with a column."""
    monkeypatch.setenv(USER_VARIABLE, "ana")
    query = "select strpos(contact, '@') as at from {{ ref('stg_orders') }} where order_id = '1'"
    assert guarded("show", "--json", "--inline", query).json["rows"] == [{"at": 11}]


def test_a_request_is_shown_with_its_identifiers_masked(guarded: Shop) -> None:
    """Everything else of it is as it would be sent."""
    events = json.loads(guarded("show", "offline", "--payload", "--limit", "1").out)
    members = json.loads(guarded("show", "members", "--payload", "--limit", "1").out)
    (row,) = events["data"]
    assert (events["event_source_id"], row["event"], row["user"]) == (ADVERTISER, "Purchase", {"email": "****"})
    assert "****" in json.dumps(members)


def test_every_identifier_of_a_request_is_masked_at_its_place() -> None:
    """Readable ones too, click ids, and digests in the lines of a file; the rest stays."""
    user = {"email": ["a" * 64], "ip": "192.0.2.1", "user_agent": "agent", "ttclid": "click"}
    page = {"url": "https://shop.example/?m=ann%40shop.example"}
    body = json.dumps({"event_source": "web", "data": [{"event": "Purchase", "user": user, "page": page}]})
    payloads = contract().payloads
    assert json.loads(masked_body(body.encode(), payloads["web_events"]))["data"] == [
        {
            "event": "Purchase",
            "user": {"email": ["****"], "ip": "****", "user_agent": "****", "ttclid": "****"},
            "page": {"url": "https://shop.example/?m=****"},
        }
    ]
    lines = f"email_SHA256,phone_SHA256\n{'a' * 64},{'b' * 64}\n"
    assert masked_body(lines.encode(), payloads["audience"]) == b"email_SHA256,phone_SHA256\n****,****\n"


def test_a_seed_is_masked_by_its_columns(guarded: Shop) -> None:
    """Nothing makes it, so its names and tags speak for it."""
    (guarded.root / "seeds").mkdir()
    (guarded.root / "seeds" / "staff.csv").write_text(f"email,city\n{CANARIES[0]},Bonn\n")
    assert guarded("build", "--select", "staff").code == 0
    assert guarded("show", "staff", "--json").json["rows"] == [{"email": "****", "city": "Bonn"}]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--campaign", "Spring"), "--campaign and --group go together."),
        (("--group", "a"), "--campaign and --group go together."),
        (("--campaign", " ", "--group", "a"), "--campaign is empty."),
        (("--campaign", "Spring", "--group", ""), "--group is empty."),
    ],
)
def test_half_a_campaign_is_none(shop: Shop, words: tuple[str, ...], message: str) -> None:
    """An unset variable in a script must not make an audience of half a name."""
    ran = shop("push", *words)
    assert (ran.code, ran.err) == (2, f"error: {message}\n  Write it as --campaign Spring --group treatment.\n")


def test_explaining_says_whether_and_not_what(guarded: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The digest is personal data for such a user; no option brings it back."""
    typed(monkeypatch, f"{CANARIES[0]}\n")
    refused = run(guarded, "explain", "email", "--reveal")
    assert refused.code == 2
    assert refused.err == (
        "error: --reveal shows personal data, and this user may see none.\n"
        "  Leave it out: the steps are listed without their values. `pusher config` says\n"
        "  which role restricts it.\n"
    )


def test_who_runs_a_query_of_the_ledger_reads_the_ledger_only(guarded: Shop) -> None:
    """No file, no other relation, no function that reads one; the tables' digests of rows are gone."""
    assert guarded("push").code in {0, 1}
    for sql, read in (
        ("select * from read_csv('orders.csv')", "read_csv()"),
        ("from 'orders.csv'", "orders.csv"),
        ("select * from main.sent_keys", "sent_keys"),
        ("select * from _sent_keys", "_sent_keys"),
        ("with a as (select * from glob('*')) select * from a", "glob()"),
        ("select (select count(*) from duckdb_views()) as n", "duckdb_views()"),
        ("select * from query('select 1')", "query()"),
        ("from (summarize sent_keys)", "what describes them"),
        ('from (with "a.csv" as (select 1) from "a.csv"), \'a.csv\'', "a.csv"),
        ("from (with _sent_keys as (select 1) from _sent_keys), _sent_keys", "_sent_keys"),
    ):
        ran = guarded("status", "--sql", sql, "--json")
        assert (ran.code, ran.json["errors"][0]["message"]) == (
            2,
            f"A user with restricted PII reads the ledger's tables only, not {read}.",
        )
    for sql in ("select 1; select 2", "delete from run", "selec"):
        assert guarded("status", "--sql", sql, "--json").json["errors"][0]["message"] == (
            "The text must be exactly one SELECT."
        )
    failed = guarded("status", "--sql", "select cast(event || 'x' as integer) as n from sent_keys", "--json")
    assert failed.json["errors"][0]["message"] == "The query fails on the data."
    unknown = guarded("status", "--sql", "select nothing from run", "--json")
    assert "nothing" in unknown.json["errors"][0]["message"]
    sql = "with k as (select event, payload_hash, contents_hash from sent_keys) from k, unnest([1]) as u (n) order by 1"
    row = {"event": "Purchase", "payload_hash": None, "contents_hash": None, "n": 1}
    assert guarded("status", "--sql", sql, "--json").json["rows"] == [row, row]


def test_what_is_cut_to_fit_is_hidden_first(guarded: Shop) -> None:
    """Half of an address, or of a digest, is personal data too; a number stays whole when a line ends."""
    assert guarded("push").code in {0, 1}
    address = f"{'long.' * 9}name@shop.example"
    ran = guarded("status", "--sql", f"select '{address}' as a, repeat('ab', 32) as d, 1 as n, '+1 213 373 4253' as p")
    assert ran.out.splitlines() == ["a     d     n  p", "----  ----  -  ----", "****  ****  1  ****"]
    (guarded.root / "models" / "_more.yml").write_text(
        "models: [{name: offline, description: 'Ask the shop, which is there all day long, under +1 213 373 4253.'}]"
    )
    assert "  Ask the shop, which is there all day long, under ****.\n" in guarded("config").out


def test_an_identifier_as_an_id_is_hidden_before_any_function_sees_it(guarded: Shop) -> None:
    """A model that makes event ids of addresses is wrong, and shows none all the same."""
    view = guarded.root / "models" / "offline.sql"
    view.write_text(view.read_text().replace("order_id as event_id", "coalesce(contact, order_id) as event_id"))
    guarded("build", "--select", "offline")
    guarded("push", "--select", "offline")
    ran = guarded("status", "--sql", "select distinct reverse(event_id) as e from quarantine order by 1", "--json")
    assert ran.json["rows"] == [{"e": "****"}, {"e": "3"}]


def test_a_push_is_refused_where_the_destination_is_closed(guarded: Shop) -> None:
    """What, whom to ask and exit code 2, as a person reads it."""
    profile = json.loads((guarded.root / "profiles.yml").read_text())
    del profile["pusher"]["dev"]["tiktok"]["allow_restricted_pii"]
    (guarded.root / "profiles.yml").write_text(json.dumps(profile))
    ran = guarded("push", "--select", "offline")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        "error: models/offline.sql: `ben` has restricted PII, and offline is not open to such users.\n"
        "  Ask ana (role engineers) to push it. Whoever keeps it can say\n"
        "  `allow_restricted_pii: true` of the destination or the template.\n"
    )


def test_config_says_who_the_user_is(guarded: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who, by what, which roles, what for, and what is shown."""

    def user() -> tuple[str, Any]:
        told = guarded("config", "offline").out.partition("\nYou are ")[2]
        return told, guarded("config", "offline", "--json").json["user"]

    told, machine = user()
    assert told == (
        "`ben`, by PUSHER_USER.\n"
        "  roles                     analysts\n"
        "  push from orchestrations  tiktok\n"
        "  push from campaigns       nothing\n"
        "  personal data             masked everywhere\n"
    )
    assert machine == {
        "name": "ben",
        "source": "PUSHER_USER",
        "roles": ["analysts"],
        "restrict_pii": True,
        "orchestrations": ["tiktok"],
        "campaigns": [],
    }
    monkeypatch.setenv(USER_VARIABLE, "eve")
    assert user()[0] == (
        "`eve`, by PUSHER_USER.\n"
        "  roles                     none: nothing may be pushed\n"
        "  push from orchestrations  nothing\n"
        "  push from campaigns       nothing\n"
        "  personal data             masked everywhere\n"
    )
    monkeypatch.setenv(USER_VARIABLE, " ")
    assert "You are nobody: PUSHER_USER is empty.\n" in guarded("config").out
    monkeypatch.setenv(USER_VARIABLE, "eve")
    (guarded.root / "pusher.yml").unlink()
    assert user()[0] == (
        "`eve`, by PUSHER_USER.\n"
        "  pusher.yml has no roles: everybody may push everything, and sees what the\n"
        "  commands show.\n"
    )


def test_a_defect_of_ours_shows_no_value(guarded: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A traceback quotes the words of the error, which may hold one."""

    def broken(*given: object) -> None:
        del given
        raise RuntimeError(f"cannot take {CANARIES[0]}")

    monkeypatch.setattr("pusher.project.facade.Project.wanted", broken)
    ran = guarded("ls")
    assert ran.code == 70
    assert "RuntimeError: cannot take [e-mail]" in ran.err
    assert found_in(ran.err) == []
