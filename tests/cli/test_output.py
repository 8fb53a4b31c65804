"""What commands print: one JSON object, results apart from progress, and nothing once a reader is gone."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from pusher.ledger.views import RELATIONS
from tests.cli.conftest import ENVELOPE, Shop
from tests.conftest import EVENT_SET


def test_json_is_one_object_with_the_same_envelope(shop: Shop) -> None:
    """Stdout is one line of JSON, stderr is empty, and the exit code stands in the object."""
    for words in (
        ["ls"],
        ["compile"],
        ["config", "offline"],
        ["lint"],
        ["build"],
        ["show", "offline"],
        ["push"],
        ["status"],
    ):
        ran = shop(*words, "--json")
        assert (list(ran.json)[:4], ran.json["command"], ran.err) == (ENVELOPE, words[0], "")
        assert (ran.json["schema_version"], ran.json["exit_code"], ran.out.count("\n")) == (1, ran.code, 1)


def test_results_and_progress_are_kept_apart(shop: Shop) -> None:
    """Results go to stdout, progress to stderr; --quiet takes the progress away and nothing else."""
    loud, quiet = shop("build"), shop("build", "--quiet")
    assert [line.split(" in ")[0] for line in loud.err.splitlines()] == [
        "built stg_orders (view)",
        "built offline (view)",
    ]
    assert (quiet.err, quiet.out, loud.out.splitlines()[-1]) == ("", loud.out, "built 2 models")


def test_ls_prints_names_in_graph_order(shop: Shop) -> None:
    """Upstream first; selectors work as in dbt."""
    assert (shop("ls").out, shop("ls", "-s", "stg_orders+", "--exclude", "stg_orders").out) == (
        "stg_orders\noffline\n",
        "offline\n",
    )


def test_ls_lists_tests_where_nothing_else_is_selected(shop: Shop) -> None:
    """As JSON always: those that the selection means, as in `pusher test`."""
    (shop.root / "models/_tests.yml").write_text(
        "models:\n  - name: stg_orders\n    columns: [{name: order_id, data_tests: [unique]}]\n"
        "unit_tests:\n  - {name: nobody_buys, model: offline, given: [{input: ref('stg_orders'), rows: []}], "
        "expect: {rows: []}}\n"
    )
    (shop.root / "tests").mkdir()
    (shop.root / "tests/no_refunds.sql").write_text("select * from {{ ref('offline') }} where value < 0")
    singular = {"name": "no_refunds", "kind": "singular", "model": None, "file": "tests/no_refunds.sql", "line": 1}
    generic = {
        "name": "unique_stg_orders_order_id", "kind": "unique", "model": "stg_orders", "file": "models/_tests.yml",
        "line": 3,
    }  # fmt: skip
    unit = {"name": "nobody_buys", "kind": "unit", "model": "offline", "file": "models/_tests.yml", "line": 5}

    assert shop("ls").out == "stg_orders\noffline\n"
    assert sorted(shop("ls", "-s", "resource_type:test").out.split()) == ["no_refunds", "unique_stg_orders_order_id"]
    assert shop("ls", "-s", "test_type:unit").out == "nobody_buys\n"
    assert shop("ls", "-s", "no_refunds").out == "no_refunds\n"
    assert shop("ls", "-s", "stg_orders", "--json").json["tests"] == [generic]
    assert shop("ls", "-s", "offline", "--json").json["tests"] == [singular, unit]


def test_a_selection_of_selectors_yml_is_named_by_selector_or_is_the_default(shop: Shop) -> None:
    """In every command that selects; the default where nothing is selected, as in dbt, and not in what dbt has not."""
    (shop.root / "selectors.yml").write_text(
        "selectors:\n  - {name: staging, default: true, definition: stg_orders}\n"
        "  - {name: both, definition: +offline}\n"
    )
    assert shop("ls").out == "stg_orders\n"
    assert shop("ls", "--selector", "both").out == shop("ls", "-s", "selector:both").out == "stg_orders\noffline\n"
    built = shop("build")
    assert (built.err.splitlines()[0], built.out.splitlines()[-1]) == (
        "nothing is selected, so selectors.yml is asked: selector:staging",
        "built 1 model",
    )
    assert shop("lint", "--selector", "both", "--json").json["summary"]["models"] == 2
    assert shop("lint", "--json").json["summary"]["models"] == 2
    for words in (("--selector", "both", "-s", "offline"), ("--selector", "both", "--exclude", "offline")):
        (error,) = shop("build", *words, "--json").json["errors"]
        assert (error["message"], error["fix"]) == (
            "--selector stands without --select and --exclude.",
            "Leave out one of them, or write --select selector:both.",
        )


def test_compile_writes_what_it_prints(shop: Shop) -> None:
    """The rendered SQL is in target/compiled, and the JSON carries it."""
    (model,) = shop("compile", "--select", "offline", "--json").json["models"]
    (written,) = (shop.root / "target" / "compiled").rglob("offline.sql")
    assert (model["name"], model["file"]) == ("offline", "models/offline.sql")
    assert model["compiled_sql"].strip() == written.read_text(encoding="utf-8").strip()
    assert "{{" not in model["compiled_sql"]


def test_show_payload_prints_exactly_the_body(shop: Shop) -> None:
    """Envelope and data, no line break around them, also under --json; nothing is sent."""
    shop("build")
    ran = shop("show", "offline", "--payload", "--limit", "1")
    body = json.loads(ran.out)
    assert (ran.out[0], ran.out[-1], ran.err) == ("{", "}", "")
    assert (list(body), body["event_source"], body["event_source_id"]) == (
        ["event_source", "event_source_id", "data"],
        "offline",
        EVENT_SET,
    )
    assert [(row["event"], row["event_id"], list(row["user"])) for row in body["data"]] == [
        ("Purchase", "1", ["email"])
    ]
    assert shop("show", "offline", "--payload", "--limit", "1", "--json").out == ran.out
    assert not (shop.root / ".pusher" / "dev" / "ledger.sqlite").exists()


def test_numbers_that_json_lacks_are_shown_as_text(shop: Shop) -> None:
    """NaN and infinity would make the object unreadable."""
    (shop.root / "models/odd.sql").write_text(
        "select 'nan'::double as a, ['-inf'::double] as b, {'c': 'inf'::double} as d, 1.50 as e", encoding="utf-8"
    )
    shop("build", "--select", "odd")
    assert shop("show", "odd", "--json").json["rows"] == [{"a": "nan", "b": ["-inf"], "d": {"c": "inf"}, "e": "1.50"}]


def test_status_answers_questions_in_sql(shop: Shop) -> None:
    """A SELECT over a copy of the ledger, as table or JSON; anything that fails is one error."""
    shop("build")
    assert shop("status").out == "Nothing was pushed with this target yet.\n"
    shop("push")
    sql = "select reason, count(*) as n from quarantine group by reason order by reason"
    rows = [{"reason": reason, "n": 1} for reason in ("no-identity", "not-a-digest", "too-old")]
    assert shop("status", "--sql", sql, "--json").json["rows"] == rows
    assert shop("status", "--sql", sql).out.splitlines()[2].split() == ["no-identity", "1"]
    more = "docs/reference/ledger.md has all tables and columns."
    for query, fix in (
        ("select * from runs", f"Did you mean `run`? {more}"),
        ("select * from bills", f"Tables and views: {', '.join(sorted(RELATIONS))}. {more}"),
        ("select reasn from quarantine", f"Did you mean `reason`? {more}"),
        ("selec 1", more),
    ):
        wrong = shop("status", "--sql", query, "--json")
        assert [(error["code"], error["fix"]) for error in wrong.json["errors"]] == [("status-sql", fix)]
        assert wrong.code == 2
    assert shop("status", "--fail-if-pending").code == 0


def test_the_list_of_runs_has_ids_that_can_be_copied(shop: Shop) -> None:
    """Whatever else stands beside them, an id is whole."""
    shop("build")
    ran = shop("push", "--json")
    listed = [line.split() for line in shop("status").out.splitlines() if line.startswith(ran.json["run_id"])]
    (began,) = [one["started"] for one in shop("status", "--json").json["runs"]]
    assert [(*words[:4], words[5]) for words in listed] == [
        (ran.json["run_id"], "push", began[:10], began[11:16], str(ran.code))
    ]


def test_a_dry_run_changes_nothing(shop: Shop) -> None:
    """It plans and shows; no state folder is made."""
    shop("build")
    ran = shop("push", "--dry-run", "--json")
    assert (ran.json["dry_run"], ran.json["models"][0]["planned"], (shop.root / ".pusher").exists()) == (True, 2, False)


@pytest.mark.parametrize("words", ["ls", "compile --select offline", "push"])
def test_a_reader_that_goes_away_ends_the_output_silently(shop: Shop, words: str) -> None:
    """`pusher ... | true` leaves nothing on stderr but the progress."""
    shop("build")
    script = f"{sys.executable} -m pusher {words} --quiet --project-dir '{shop.root}' | true"
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
