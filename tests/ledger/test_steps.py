"""Steps, problems and alerts of runs: what is written when, and what is left of it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from pusher.errors import ConfigError, Incomplete, Problem, StateError
from pusher.ledger.forgetting import forget_runs
from pusher.ledger.opening import open_store
from pusher.ledger.run_facts import run_facts
from pusher.ledger.state import StateFolder
from pusher.ledger.steps import MOST_PROBLEMS, RunProblem, Steps, keep_alert
from pusher.ledger.store import Store
from pusher.ledger.views import query
from tests.push.support import NOW, Shop


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    """A state folder with a ledger that has one run."""
    folder = StateFolder(tmp_path / "state")
    folder.create()
    with closing(open_store(folder, base_url="sandbox", now=NOW)) as store:
        begin(store, "run-1")
    return folder


def begin(store: Store, run: str, **more: object) -> Steps:
    """Begin a run."""
    words: dict[str, object] = {"words": (), "variables": (), **more}
    store.start_run(run=run, command="push", now=NOW, version="1", base_url="sandbox", **words)  # type: ignore[arg-type]
    return Steps(store, run, lambda: NOW)


def rows(state: StateFolder, run: str = "run-1") -> list[tuple[str, str | None, str]]:
    """Return name, view and state of each step, as stored."""
    with closing(sqlite3.connect(state.ledger)) as connection:
        return connection.execute(
            "select name, model, state from run_step where run = ? order by number", (run,)
        ).fetchall()


def test_a_step_is_written_before_its_work_and_after_it(state: StateFolder) -> None:
    """Each view has its own; what another connection sees is durable."""
    with closing(open_store(state, base_url="sandbox", now=NOW)) as store:
        steps = Steps(store, "run-1", lambda: NOW)
        steps.done("load", NOW)
        with steps.step("plan", ["a", "b"]) as numbers:
            during = rows(state)
        steps.skip(("load", "plan", "deliver"))

    assert numbers == {"a": 2, "b": 3} == {"a": steps.number("plan", "a"), "b": steps.number("plan", "b")}
    assert steps.number("plan", "c") is None
    assert during == [("load", None, "done"), ("plan", "a", "running"), ("plan", "b", "running")]
    assert rows(state) == [
        ("load", None, "done"), ("plan", "a", "done"), ("plan", "b", "done"), ("deliver", None, "skipped"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("error", "after"),
    [
        (ValueError(), "failed"),
        (KeyboardInterrupt(), "stopped"),
        (Incomplete(Problem("interrupted", "")), "stopped"),
        (Incomplete(Problem("deadline", "")), "failed"),
    ],
)
def test_an_error_ends_its_step(state: StateFolder, error: BaseException, after: str) -> None:
    """And goes on; whoever catches it need not say again that the run failed."""
    with closing(open_store(state, base_url="sandbox", now=NOW)) as store:
        steps = Steps(store, "run-1", lambda: NOW)
        with pytest.raises(type(error)), steps.step("plan"):
            raise error
        steps.fail(error)
    assert rows(state) == [("plan", None, after)]


def test_a_step_whose_query_a_signal_cut_was_stopped(state: StateFolder) -> None:
    """Whatever the query said of it: the run says afterwards that somebody asked it to end."""
    with closing(open_store(state, base_url="sandbox", now=NOW)) as store:
        steps = Steps(store, "run-1", lambda: NOW)
        with steps.step("plan", ["a"]):
            pass
        with pytest.raises(RuntimeError), steps.step("plan", ["b"]):
            raise RuntimeError("cut")
        steps.fail(Incomplete(Problem("interrupted", "")))
    assert rows(state) == [("plan", "a", "done"), ("plan", "b", "stopped")]


def test_an_error_between_steps_is_a_step_of_its_phase(state: StateFolder) -> None:
    """Something failed, and the step that it belongs to says so; without a phase there is none."""
    with closing(open_store(state, base_url="sandbox", now=NOW)) as store:
        steps = Steps(store, "run-1", lambda: NOW)
        steps.fail(ValueError())
        with steps.step("plan", ["a"]):
            pass
        steps.enter("plan")
        steps.fail(ValueError())
        steps.problem(RunProblem("project", "x", "what"))
    assert rows(state) == [("plan", "a", "done"), ("plan", None, "failed")]
    assert query(state, "select step, number from run_problem") == [{"step": 2, "number": 1}]


def test_a_step_that_cannot_be_ended_is_shown_as_interrupted(state: StateFolder) -> None:
    """The disk is gone in the middle of it: its error goes on, not that of the ledger."""
    with closing(open_store(state, base_url="sandbox", now=NOW)) as store:
        steps = Steps(store, "run-1", lambda: NOW)

        def fail() -> None:
            with steps.step("plan"):
                store.close()
                raise ValueError("first")

        with pytest.raises(ValueError, match="first"):
            fail()
    assert [one["state"] for one in run_facts(state, "run-1").steps] == ["interrupted"]


def test_steps_for_nothing_are_none(state: StateFolder) -> None:
    """No view, no step."""
    with closing(open_store(state, base_url="sandbox", now=NOW)) as store:
        steps = Steps(store, "run-1", lambda: NOW)
        with steps.step("deliver", []) as numbers:
            pass
    assert (numbers, steps.current, rows(state)) == ({}, None, [])


def test_a_thousand_problems_are_not_all_kept(state: StateFolder) -> None:
    """The first ones say what there is to say."""
    with closing(open_store(state, base_url="sandbox", now=NOW)) as store:
        steps = Steps(store, "run-1", lambda: NOW)
        for number in range(MOST_PROBLEMS + 10):
            steps.problem(RunProblem("project", f"code-{number}", "what"))
    found = run_facts(state, "run-1").problems
    assert (len(found), found[-1].code) == (MOST_PROBLEMS, f"code-{MOST_PROBLEMS - 1}")


def test_a_run_with_everything_is_read_as_it_was_written(state: StateFolder) -> None:
    """Words, variables, problems and alerts; an alert of a run that is not here is not kept."""
    problem = RunProblem("network", "no-answer", "what", 50000, "view", 7, "models/a.sql", 3, "again")
    with closing(open_store(state, base_url="sandbox", now=NOW)) as store:
        steps = begin(store, "run-2", words=("--select", "a"), variables=("day",), test_event_code="T1")
        with steps.step("deliver", ["view"]) as numbers:
            pass
        steps.problem(problem, numbers["view"])
        steps.judge(numbers["view"], "failed")
        for run, failure in (("run-2", None), ("run-2", "It was not there."), ("elsewhere", None)):
            keep_alert(
                store, run=run, event="failure", channel="webhook", target="https://a/****", now=NOW, failure=failure
            )
        store.end_run(run="run-2", now=NOW, exit_code=4)

    found = run_facts(state, "last")

    assert (found.id, found.words, found.variables, found.test_event_code) == (
        "run-2", ("--select", "a"), ("day",), "T1",
    )  # fmt: skip
    assert (found.exit_code, found.was_killed, found.settled_by) == (4, False, None)
    assert found.problems == [problem]
    assert [(one["channel"], one["failure"]) for one in found.alerts] == [
        ("webhook", None), ("webhook", "It was not there."),
    ]  # fmt: skip
    (step,) = found.steps
    assert (step["state"], step["seconds"], step["error_class"], step["return_code"]) == (
        "failed", 0.0, "network", 50000,
    )  # fmt: skip


def test_a_run_is_settled_by_a_later_one_that_did_the_same(state: StateFolder) -> None:
    """Another selection, or one that did not end well, settles nothing."""
    with closing(open_store(state, base_url="sandbox", now=NOW)) as store:
        for run, words, code in (("run-2", ("--select", "a"), 0), ("run-3", (), 4), ("run-4", (), 1), ("run-5", (), 0)):
            begin(store, run, words=words)
            store.end_run(run=run, now=NOW, exit_code=code)
    assert run_facts(state, "run-1").settled_by == "run-4"
    assert run_facts(state, "run-2").settled_by is None


def test_a_run_that_is_not_there_is_told(state: StateFolder, tmp_path: Path) -> None:
    """No ledger, no such run, several: three different answers."""
    with closing(open_store(state, base_url="sandbox", now=NOW)) as store:
        begin(store, "run-2")
    with pytest.raises(StateError, match="Nothing was pushed"):
        run_facts(StateFolder(tmp_path / "elsewhere"), "last")
    with pytest.raises(ConfigError, match="knows no run `other`"):
        run_facts(state, "other")
    with pytest.raises(ConfigError, match="2 runs begin with `run`: run-1, run-2"):
        run_facts(state, "run")


def test_only_the_newest_run_can_be_at_work(state: StateFolder) -> None:
    """The lock says that somebody works; without a lock file nobody ever did."""
    with closing(open_store(state, base_url="sandbox", now=NOW)) as store:
        begin(store, "run-2")
    assert not state.is_locked()
    with state.locked():
        assert state.is_locked()
        assert (run_facts(state, "run-1").is_at_work, run_facts(state, "run-2").is_at_work) == (False, True)
    assert not state.is_locked()
    assert run_facts(state, "run-2").was_killed
    with closing(open_store(state, base_url="sandbox", now=NOW)) as store:
        for run in ("run-1", "run-2"):
            store.end_run(run=run, now=NOW, exit_code=0)
    with state.locked():
        assert not run_facts(state, "run-2").is_at_work


def test_who_only_looks_at_the_lock_stops_no_push(state: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock that is free a moment later is taken."""
    taken = iter([False, True])
    monkeypatch.setattr(StateFolder, "_take_lock", lambda *_: next(taken))
    with state.locked():
        pass
    assert list(taken) == []


def test_what_a_run_did_is_forgotten_with_it(tmp_path: Path) -> None:
    """`clean` removes old runs with their steps, problems and alerts."""
    shop = Shop(tmp_path / "shop")
    shop.state.create()
    with closing(open_store(shop.state, base_url="sandbox", now=NOW)) as store:
        steps = begin(store, "20200101T000000-aaaaaa")
        with steps.step("plan"):
            pass
        steps.problem(RunProblem("project", "x", "what"))
        keep_alert(store, run=steps.run, event="failure", channel="command", target="x", now=NOW, failure=None)
        with store.transaction():
            store.connection.execute("update run set started_at = '2020-01-01T00:00:00.000000+00:00'")
            assert forget_runs(store, NOW)["runs"] == 1
    for table in ("run", "run_step", "run_problem", "run_alert"):
        assert shop.ledger(f"select count(*) from {table}") == [(0,)]
