"""Which run and which action the words of `pusher status` name, and what the page has as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.cli.run_page.scene import filling, selling, states
from tests.push.members import AudienceServer


def test_runs_are_named_by_the_beginning_of_their_ids(tmp_path: Path, server: AudienceServer) -> None:
    """An ambiguous beginning lists the runs; one that is not there says where to look."""
    found = selling(tmp_path, server)
    ids = [found("push", "--json").json["run_id"] for _ in range(7)]
    one = found("status", ids[2][:-1]) if sum(i.startswith(ids[2][:-1]) for i in ids) == 1 else found("status", ids[2])
    several, none, empty = found("status", "2026"), found("status", "2031"), found("status", "")

    assert (one.code, one.out.startswith(f"run {ids[2]}: pusher push, exit code 0")) == (0, True)
    assert "Nothing has to be done about it." in one.out
    assert several.code == 2
    assert several.err.startswith(f"error: 7 runs begin with `2026`: {', '.join(ids[:5])}, ....")
    assert (none.code, none.err.splitlines()[0]) == (2, "error: The ledger knows no run `2031`.")
    assert empty.code == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--do", "1"), "--do needs a run."),
        (("last", "--yes"), "--yes and --vars go with --do."),
        (("last", "--vars", "{a: 1}"), "--yes and --vars go with --do."),
        (("last", "--sql", "select 1"), "--sql and --fail-if-pending are about the whole ledger."),
        (("last", "--fail-if-pending"), "--sql and --fail-if-pending are about the whole ledger."),
        (("last", "--do", "9"), "has no action 9."),
    ],
)
def test_words_that_mean_nothing_together_are_refused(
    tmp_path: Path, server: AudienceServer, words: tuple[str, ...], said: str
) -> None:
    """Before anything is done."""
    found = selling(tmp_path, server)
    server.script([{"do": 40105, "times": None}])
    found("push")
    ran = found("status", *words)
    assert (ran.code, said in ran.err) == (2, True)


def test_a_run_that_ended_well_has_no_action(tmp_path: Path, server: AudienceServer) -> None:
    """A wrong number says that there is nothing to do."""
    found = selling(tmp_path, server)
    found("push")
    ran = found("status", "last", "--do", "1")
    assert (ran.code, "Nothing has to be done about it." in ran.err) == (2, True)


def test_other_commands_keep_their_steps_too(tmp_path: Path, server: AudienceServer) -> None:
    """Retry, resolve, clean and reconcile are runs; forget can only be said again by a person."""
    found = filling(tmp_path, server)
    assert found("push").code == 0
    assert found("retry").code == 0
    assert found("clean", "--keep-days", "40").code == 0
    assert found("resolve", "--resend").code == 0
    seen: list[tuple[str, Sequence[str], list[tuple[str, str]]]] = []
    for row in found.shop.ledger("select id from run order by rowid"):
        page = found.page(row[0])
        steps = [(step, state) for step, _, state in states(page)]
        seen.append((page["run"]["command"], page["run"]["words"], steps))
    assert seen[1:] == [
        ("retry", [], [("load", "done"), ("retry", "done")]),
        ("clean", ["--keep-days", "40"], [("load", "done"), ("clean", "done")]),
        ("resolve", ["--resend"], [("load", "done"), ("resolve", "done")]),
    ]


def test_the_json_of_a_run_has_the_fields_of_the_formats_page(tmp_path: Path, server: AudienceServer) -> None:
    """Nothing is printed that is not documented."""
    found = selling(tmp_path, server)
    server.script([{"do": 40105, "times": None}])
    page = found.failed("invalid-credentials")
    assert {key: sorted(page[key]) for key in ("run",)} == {
        "run": ["base_url", "command", "exit_code", "finished_at", "id", "started_at", "state", "variables", "words"]
    }
    assert sorted(page["steps"][0]) == sorted(
        ["number", "step", "model", "state", "started_at", "finished_at", "seconds", "error_class", "code",
         "return_code", "message"]
    )  # fmt: skip
    assert sorted(page["failures"][0]) == sorted(
        ["class", "title", "words", "code", "return_code", "model", "rows", "message", "file", "line", "fix",
         "credential"]
    )  # fmt: skip
    assert sorted(page["actions"][0]) == sorted(["number", "name", "title", "who", "steps", "command", "needs"])
    assert json.dumps(page["alerts"]) == "[]"
