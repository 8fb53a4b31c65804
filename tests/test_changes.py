"""`pusher lint --diff`: what differs from a commit, and how many events and how much value that changes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import pusher
from tests.conftest import ProjectFactory

CONFIG = "{{ config(meta={'pusher': {'destination': 'tiktok', 'payload': 'offline_events'}}) }}\n"
FILES = {
    ".gitignore": "shop.duckdb*\ntarget/\ndata/\n",
    "models/_sources.yml": """\
version: 2
sources:
  - name: raw
    tables:
      - name: orders
        config: {meta: {external_location: "read_csv('data/orders.csv')"}}
        columns:
          - {name: order_id, data_type: varchar}
          - {name: ordered_at, data_type: timestamp, config: {meta: {timezone: UTC}}}
          - {name: amount, data_type: "decimal(18, 2)"}
          - {name: currency, data_type: varchar}
""",
    "macros/all.sql": "{% macro least() %}0{% endmacro %}",
    "seeds/shops.csv": "shop\n1\n",
    "models/stg_orders.sql": "select * from {{ source('raw', 'orders') }} where amount > {{ least() }}",
    "models/kept.sql": "{{ config(materialized='table') }} select * from {{ ref('stg_orders') }}",
    "models/other.sql": "select '{{ run_started_at }}' as started_at",
    "models/by_shop.sql": "select shop from {{ ref('shops') }}",
    "models/events.sql": CONFIG
    + """\
select 'Purchase' as event, order_id as event_id, ordered_at as timestamp, amount as value, currency,
    sha256(order_id) as email
from {{ ref('kept') }}
""",
}
ORDERS = """\
order_id,ordered_at,amount,currency
1,2026-11-20 10:00:00,10.50,EUR
2,2026-11-20 11:00:00,20.25,EUR
3,2026-11-21 10:00:00,30.00,USD
"""


def git(root: Path, *words: str) -> None:
    """Run git in a repository."""
    who = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *words], cwd=root, check=True, capture_output=True)  # noqa: S607 -- that of the machine


@pytest.fixture(name="root")
def _root(project: ProjectFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = project({**FILES, "data/orders.csv": ORDERS})
    monkeypatch.chdir(root)
    git(root, "init", "--quiet", "--initial-branch", "main")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "first")
    assert pusher("build", "--quiet").code == 0
    return root


def changed(root: Path, name: str, old: str, new: str) -> None:
    """Change a file of the working tree."""
    path = root / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_change_upstream_is_counted_in_the_views_below(root: Path) -> None:
    """Tables in between are computed anew, and nothing is built."""
    changed(root, "macros/all.sql", "0", "15")

    found = pusher("lint", "--diff", "main", "--json")

    assert (found.code, found.err) == (0, "")
    assert found.json["diff"] == {
        "against": "main",
        "changed": ["stg_orders"],
        "below": ["kept", "events"],
        "removed": [],
        "views": [
            {
                "view": "events",
                "rows_before": 3,
                "rows_after": 2,
                "added": 0,
                "dropped": 1,
                "changed": 0,
                "value": {"EUR": {"before": "30.75", "after": "20.25"}, "USD": {"before": "30.00", "after": "30.00"}},
                "problem": None,
            }
        ],
    }
    assert found.json["summary"]["models"] == 3
    assert len(pusher("show", "kept", "--json").json["rows"]) == 3


def test_members_of_an_audience_are_counted_by_all_of_their_identifiers(root: Path) -> None:
    """Who comes in and who goes, also where the view names no event; a member twice is one."""
    head = CONFIG.replace("offline_events", "audience")
    sql = "select sha256(order_id) as email, [sha256(currency)] as phone from {{ ref('kept') }}\n"
    (root / "models/events.sql").write_text(head + sql + "union all " + sql)
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "an audience")
    changed(
        root, "models/stg_orders.sql", "*", "order_id, ordered_at, amount, replace(currency, 'USD', 'GBP') currency"
    )
    changed(root, "macros/all.sql", "0", "15")

    (view,) = pusher("lint", "--diff", "main", "--json").json["diff"]["views"]

    counts = {"rows_before": 6, "rows_after": 4, "added": 1, "dropped": 2, "changed": 0}
    assert view == {"view": "events", **counts, "value": {}, "problem": None}


def test_nothing_differs_by_itself(root: Path) -> None:
    """Neither the folder, nor the moment, nor a file that no model is made of, nor a link out of the repository."""
    (root / "README.md").write_text("Words.")
    (root / "linked").symlink_to("/nowhere")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "a link")
    found = pusher("lint", "--diff", "main")
    assert (found.code, found.out) == (
        0,
        "No model differs from main.\n\n0 models: 0 errors, 0 warnings, 0 notes\n",
    )


def test_a_model_may_have_any_name(root: Path) -> None:
    """A blank in it is no union of selectors."""
    (root / "models/events.sql").rename(root / "models/all events.sql")
    found = pusher("lint", "--diff", "main", "--json")
    assert (found.code, found.json["diff"]["changed"], found.json["summary"]["models"]) == (0, ["all events"], 1)


def test_a_commit_without_files_has_no_project(root: Path) -> None:
    """Such as the first one of a repository that began empty."""
    git(root, "checkout", "--quiet", "--orphan", "empty")
    git(root, "rm", "--quiet", "-r", "--cached", ".")
    git(root, "commit", "--quiet", "--allow-empty", "--message", "nothing")
    found = pusher("lint", "--diff", "empty", "--json")
    assert (found.code, found.json["errors"][0]["message"]) == (2, "empty has no dbt_project.yml in this folder.")


def test_events_that_change_are_told_from_those_that_come_and_go(root: Path) -> None:
    """By event and id, whatever the columns are called."""
    changed(root, "models/events.sql", "amount as value", "case order_id when '1' then 0 else amount end as value")
    changed(root, "models/events.sql", "order_id as event_id", "replace(order_id, '3', '4') as event_id")
    view = pusher("lint", "--diff", "main", "--json").json["diff"]["views"][0]
    assert {key: view[key] for key in ("added", "dropped", "changed", "rows_before", "rows_after")} == {
        "added": 1,
        "dropped": 1,
        "changed": 1,
        "rows_before": 3,
        "rows_after": 3,
    }


def test_views_that_come_and_go_have_one_side_only(root: Path) -> None:
    """A new one has no rows before, one that is gone has none now."""
    (root / "models/events.sql").rename(root / "models/sales.sql")
    diff = pusher("lint", "--diff", "main", "--json").json["diff"]
    assert (diff["changed"], diff["removed"]) == (["sales"], ["events"])
    assert [(one["view"], one["rows_before"], one["rows_after"]) for one in diff["views"]] == [
        ("sales", None, 3),
        ("events", 3, None),
    ]


def test_only_what_differs_is_judged(root: Path) -> None:
    """And of that what is selected."""
    (root / "models/wrong.sql").write_text(CONFIG + "select 1 as nothing")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "wrong on main too")
    changed(root, "models/events.sql", "'Purchase'", "'CompletePayment'")
    every = pusher("lint", "--diff", "main", "--json").json
    none = pusher("lint", "--diff", "main", "--select", "wrong", "--json").json
    assert {one["model"] for one in every["findings"]} == {"events"}
    assert (none["findings"], none["summary"]["models"]) == ([], 0)


def test_a_seed_is_compared_by_its_rows(root: Path) -> None:
    """What reads it is below it."""
    (root / "seeds/shops.csv").write_text("shop\n1\n2\n")
    diff = pusher("lint", "--diff", "main", "--json").json["diff"]
    assert (diff["changed"], diff["below"], diff["views"]) == (["shops"], ["by_shop"], [])


def test_what_the_warehouse_cannot_tell_is_said(root: Path) -> None:
    """A table that is not there, a warehouse that cannot be opened, and one that is not there."""
    changed(root, "models/events.sql", "ref('kept')", "source('raw', 'later')")
    changed(
        root,
        "models/_sources.yml",
        "  - name: raw\n    tables:\n",
        "  - name: raw\n    tables:\n      - {name: later}\n",
    )
    (root / "models/_sources.yml").write_text(
        (root / "models/_sources.yml")
        .read_text()
        .replace(
            "{name: later}",
            "{name: later, columns: [{name: order_id, data_type: varchar}, {name: ordered_at, data_type: timestamp},"
            " {name: amount, data_type: double}, {name: currency, data_type: varchar}]}",
        )
    )
    (view,) = pusher("lint", "--diff", "main", "--json").json["diff"]["views"]
    assert view["problem"].startswith('events: Table with name "raw.later" does not exist')
    (root / "shop.duckdb").write_text("No database at all, and longer than the header of one has to be." * 80)
    (view,) = pusher("lint", "--diff", "main", "--json").json["diff"]["views"]
    assert view["problem"] == "shop.duckdb is not a DuckDB database."
    (root / "shop.duckdb").unlink()
    found = pusher("lint", "--diff", "main")
    assert "There is no warehouse here to count events in." in found.out
    assert not (root / "shop.duckdb").exists()


def test_a_comment_for_a_pull_request_has_it_all(root: Path) -> None:
    """Counts, value and findings; names and messages cannot break the table."""
    changed(root, "models/events.sql", "amount as value", "2 * amount as value")
    changed(root, "models/events.sql", "sha256(order_id) as email", 'sha256(order_id) as email, 1 as "a|b"')
    found = pusher("lint", "--diff", "main", "--format", "markdown")
    assert found.out.split("\n- **note**")[0] == (
        "### pusher\n\n"
        "- **1 model changed since main**: events\n\n"
        "| view | before | now | added | dropped | changed | value |\n"
        "|---|--:|--:|--:|--:|--:|---|\n"
        "| events | 3 | 3 | 0 | 0 | 3 | EUR 30.75 -> 61.50 (+30.75)<br>USD 30.00 -> 60.00 (+30.00) |\n"
    )
    assert "models/events.sql:3 `a|b` is not a column of offline\\_events; it is not sent." in found.out


def test_a_project_in_a_subfolder_is_compared_with_itself(
    project: ProjectFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The repository is one level up; installed packages, which are in no commit, are those of today."""
    root = project({**FILES, "data/orders.csv": ORDERS, ".gitignore": "dbt_packages/\nshop.duckdb*\n"})
    package = root / "dbt_packages/words"
    (package / "macros").mkdir(parents=True)
    (package / "dbt_project.yml").write_text("name: words\n")
    (package / "macros/all.sql").write_text("{% macro zero() %}0{% endmacro %}")
    changed(root, "macros/all.sql", "0", "{{ words.zero() }}")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "first")
    monkeypatch.chdir(tmp_path)
    assert pusher("lint", "--diff", "HEAD", "--project-dir", "shop").out.startswith("No model differs from HEAD.")
    changed(root, "models/events.sql", "'Purchase'", "'Subscribe'")
    diff = pusher("lint", "--diff", "HEAD", "--project-dir", "shop", "--json").json["diff"]
    assert (diff["changed"], diff["below"]) == (["events"], [])


WRONG = {
    "no commit": ("nope", "git knows no `nope`."),
    "an option": ("--upload-pack=x", "`--upload-pack=x` is no commit."),
    "nothing": ("", "`` is no commit."),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.usefixtures("root")
def test_a_commit_that_is_none_is_told(name: str) -> None:
    """With what to name instead."""
    revision, message = WRONG[name]
    found = pusher("lint", f"--diff={revision}", "--json")
    assert (found.code, [one["message"] for one in found.json["errors"]]) == (2, [message])


def test_a_folder_without_a_repository_is_told(project: ProjectFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """In git's words."""
    monkeypatch.chdir(project(FILES))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(Path.cwd().parent))
    found = pusher("lint", "--diff", "main")
    assert (found.code, "not a git repository" in found.err) == (2, True)


def test_a_commit_whose_models_do_not_compile_is_told(root: Path) -> None:
    """The place is that in the commit."""
    (root / "models/bad.sql").write_text("select {{ nothing }}")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "bad")
    (root / "models/bad.sql").unlink()
    (error,) = pusher("lint", "--diff", "main", "--json").json["errors"]
    assert error["message"] == "The project of main cannot be read: models/bad.sql:1:11: `nothing` is not defined."


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--format", "markdown"), "--format markdown needs --diff."),
        (("--diff", "main", "--fix"), "--fix and --diff do not go together."),
    ],
)
@pytest.mark.usefixtures("root")
def test_options_that_need_or_exclude_each_other_are_told(words: tuple[str, ...], message: str) -> None:
    """Before anything is read."""
    found = pusher("lint", *words, "--json")
    assert (found.code, [one["message"] for one in found.json["errors"]]) == (2, [message])
