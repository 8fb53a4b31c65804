"""Runs that broken models, a kill or an interrupt ended: what the page says, and how they go on."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.cli.run_page.scene import Scene, names, selling, states, walked
from tests.faults.scene import scene
from tests.push.members import AudienceServer, serving_audiences
from tests.push.support import VIEW, orders


def test_a_model_that_is_broken_is_kept_where_there_is_a_ledger(tmp_path: Path, server: AudienceServer) -> None:
    """The first push has no ledger to keep it in; the second names file and line, and goes on when it is mended."""
    found = selling(tmp_path, server)
    model = found.shop.root / "models" / f"{VIEW}.sql"
    good = model.read_text()
    model.write_text(good.replace("{{ source", "{{ sorce"))
    first = found("push", "--json")
    assert (first.code, "run_id" in first.json) == (2, False)
    assert found("status", "last").err.startswith("error: Nothing was pushed with this target yet.")
    model.write_text(good)
    found("push")
    model.write_text(good.replace("{{ source", "{{ sorce"))

    page = found.failed("project")

    assert page["run"]["exit_code"] == 2
    assert states(page)[0] == ("load", None, "failed")
    assert [(one["file"], one["line"]) for one in page["failures"]] == [(f"models/{VIEW}.sql", 12)]
    assert names(page) == ["correct-project", "check-again", "rebuild", "restart"]
    shown = found.do("correct-project", run=page["run"]["id"])
    assert f"models/{VIEW}.sql:12:" in shown.out
    assert found.do("check-again", run=page["run"]["id"]).code == 2
    model.write_text(good)
    walked(found, page)


@pytest.mark.parametrize(
    ("words", "error", "offers", "look"),
    [
        ("--campaign Spring --group a", "not-offered", ["correct-command", "show-offers"], "config"),
        ("--select nothing", "wrong-selection", ["correct-command", "list-models"], "ls"),
        ("--set event_set_id=seven", "setting-wrong", ["correct-setting", "check-again"], "doctor"),
    ],
)
def test_words_that_ask_for_nothing_are_not_mended_by_a_build(
    tmp_path: Path, *, words: str, error: str, offers: list[str], look: str
) -> None:
    """What is offered is what helps: other words, and a look at what there is."""
    with serving_audiences(tmp_path) as server:
        found = selling(tmp_path, server)
        found("push")
        page = found.failed(error, *words.split())
        assert (page["run"]["exit_code"], names(page)) == (2, [*offers, "restart"])
        assert page["actions"][1]["command"][1] == look
        steps = " ".join(found.do(offers[0], run=page["run"]["id"]).out.split())
        assert page["failures"][0]["message"] in steps


def test_a_view_that_cannot_be_read_fails_in_its_plan(tmp_path: Path, server: AudienceServer) -> None:
    """The step of the view has failed, and those after it were not reached."""
    found = selling(tmp_path, server)
    (found.shop.root / "shop.duckdb").unlink()
    page = found.failed("project")
    assert states(page) == [
        ("load", None, "done"),
        ("plan", VIEW, "failed"),
        ("deliver", None, "skipped"),
        ("settle", None, "skipped"),
        ("receipt", None, "skipped"),
    ]
    assert found.do("rebuild", run=page["run"]["id"]).code == 0
    walked(found, page)


def test_a_killed_run_shows_how_far_it_came(tmp_path: Path) -> None:
    """SIGKILL with an answer in hand: deliver was running, is shown as interrupted, and the run goes on."""
    with scene(tmp_path) as told:
        assert told.killed_at("answer-read").code == -signal.SIGKILL
        found = Scene(told.shop, AudienceServer.__new__(AudienceServer))
        page = found.page()

        assert (page["run"]["state"], page["run"]["exit_code"]) == ("killed", None)
        assert states(page) == [("load", None, "done"), ("plan", VIEW, "done"), ("deliver", VIEW, "interrupted")]
        assert ([one["class"] for one in page["failures"]], names(page)) == (["killed"], ["restart"])
        assert "ended without a word" in found("status", "last").out
        sql = "select step, state from run_steps order by number desc limit 1"
        assert "deliver  interrupted" in found("status", "--sql", sql).out
        assert "(deliver interrupted)" in found("status").out.replace("\n", " ")
        walked(found, page)
        told.check()


def test_a_run_that_is_at_work_has_no_actions(tmp_path: Path, server: AudienceServer) -> None:
    """While its process holds the lock its step is running, and nothing can be done about it."""
    found = selling(tmp_path, server)
    assert found("push").code == 0
    run = found.page()["run"]["id"]
    with found.shop.state.locked():
        found.shop.ledger(f"update run set finished_at = null, exit_code = null where id = '{run}'")
        found.shop.ledger("update run_step set state = 'running' where name = 'receipt'")
        found.shop.ledger(
            "insert into run_problem (run, number, error_class, code, message) "
            f"values ('{run}', 1, 'network', 'x', 'y')"
        )
        page, text = found.page(), found("status", "last").out
        number = found("status", "last", "--do", "1")

    assert (page["run"]["state"], page["actions"], states(page)[-1][2]) == ("at work", [], "running")
    assert ("still at work" in text, "What to do" in text) == (True, False)
    assert (number.code, "the run is still at work" in number.err) == (2, True)


def test_a_run_that_was_interrupted_goes_on(tmp_path: Path, server: AudienceServer) -> None:
    """A deadline, as a signal, stops a run between its rows."""
    found = selling(tmp_path, server, orders(60))
    report = found.shop.push(should_stop=lambda: len(server.requests()) >= 1)
    page = found.page(report.run_id)
    assert ("deliver", VIEW, "stopped") in states(page)
    assert ([one["class"] for one in page["failures"]], names(page)) == (["stopped"], ["restart"])
    walked(found, page)


def test_a_run_whose_variables_are_not_known_asks_for_them(tmp_path: Path, server: AudienceServer) -> None:
    """Values are kept nowhere, so that the same ones have to be given again."""
    found = selling(tmp_path, server)
    server.script([{"do": 40105, "times": None}])
    page = found.failed("invalid-credentials", "--vars", "{campaign: canary}", "--set", "concurrency=2")
    run = page["run"]["id"]
    server.script([])

    assert (page["run"]["words"], page["run"]["variables"]) == (["--set", "concurrency=2"], ["campaign"])
    assert b"canary" not in found.shop.state.ledger.read_bytes()
    alone = found.do("restart", run=run)
    other = found.do("restart", "--vars", "{campain: canary}", run=run)
    done = found.do("restart", "--vars", "{campaign: canary}", run=run)

    for one in (alone, other):
        assert (one.code, "was given variables (campaign)" in one.err) == (2, True)
    assert done.code == 0
    assert "push --set concurrency=2 --vars '{campaign: canary}'" in done.err
