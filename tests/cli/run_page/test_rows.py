"""Rows that are refused, changed or in doubt: what the run's page says, and how they are let go and sent."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.cli.run_page.scene import POISON, names, selling, states, walked
from tests.push.members import AudienceServer
from tests.push.support import NOW, VIEW, orders


def test_rows_that_break_the_contract_are_corrected_and_built_again(tmp_path: Path, server: AudienceServer) -> None:
    """The line of SQL that makes the column, then build, then go on."""
    rows = orders(12)
    rows[3].amount = "-1"
    found = selling(tmp_path, server, rows)
    page = found.failed("row-refused-by-contract")

    assert (page["run"]["exit_code"], names(page)) == (1, ["correct-rows", "rebuild", "restart"])
    assert {state for _, _, state in states(page)} == {"done"}
    shown = found.do("correct-rows", run=page["run"]["id"])
    assert shown.code == 1
    assert f"models/{VIEW}.sql:8: 1 x value" in shown.out
    rows[3].amount = "1.00"
    found.sell(rows)
    assert found.do("rebuild", "--quiet", run=page["run"]["id"]).code == 0
    walked(found, page)


def test_rows_that_tiktok_refused_are_let_go_and_sent(tmp_path: Path, server: AudienceServer) -> None:
    """Correct, build, let go, go on; afterwards nothing is left to let go of."""
    rows = orders(12)
    rows[3].amount = "13.00"
    found = selling(tmp_path, server, rows)
    server.script([POISON])
    page = found.failed("batch-refused")
    run = page["run"]["id"]

    assert (page["run"]["exit_code"], names(page)) == (1, ["correct-rows", "rebuild", "retry-refused", "restart"])
    assert [(one["return_code"], one["rows"]) for one in page["failures"]] == [(40002, 1)]
    rows[3].amount = "14.00"
    found.sell(rows)
    assert found.do("rebuild", run=run).code == 0
    retried = found.do("retry-refused", "--json", run=run)
    assert (retried.code, retried.json["command"], retried.json["reopened"]) == (0, "retry", 1)
    assert retried.err.startswith(f"$ pusher retry --select {VIEW} ")
    walked(found, page)
    number = next(one["number"] for one in page["actions"] if one["name"] == "retry-refused")
    over = found("status", run, "--do", str(number))
    assert (over.code, "no refused row is left to let go of" in over.err) == (2, True)
    assert server.counted() == sorted(row.order_id for row in rows)


def test_refused_rows_that_are_too_old_by_now_are_not_corrected(tmp_path: Path, server: AudienceServer) -> None:
    """No `retry` lets go of what TikTok would not count, so neither it nor the correction is offered."""
    rows = orders(12)
    rows[3].amount = "13.00"
    found = selling(tmp_path, server, rows)
    server.script([POISON])
    run = found.failed("batch-refused")["run"]["id"]

    found.now = NOW + timedelta(days=27) - timedelta(hours=2)
    in_time = found.page(run)
    found.now += timedelta(seconds=1)
    too_late = found.page(run)

    assert names(in_time) == ["correct-rows", "rebuild", "retry-refused", "restart"]
    assert names(too_late) == ["rebuild", "restart"]


def test_a_model_that_tiktok_refuses_as_a_whole_stops_the_run(tmp_path: Path, server: AudienceServer) -> None:
    """The rest is not tried; it is the same class, and the step has failed."""
    found = selling(tmp_path, server, orders(40))
    server.script([{"do": 40002, "message": "Invalid value", "times": None}])
    page = found.failed("batch-refused")
    assert page["run"]["exit_code"] == 1
    assert [one["code"] for one in page["failures"]] == ["refused-rows", "too-many-refused"]


def test_rows_that_changed_are_told_once(tmp_path: Path, server: AudienceServer) -> None:
    """The first values are restored, or the event gets another id; then the run goes on."""
    rows = orders(12)
    found = selling(tmp_path, server, rows)
    assert found("push").code == 0
    rows[0].amount = "99.00"
    found.sell(rows)
    page = found.failed("rows-changed")
    assert (page["run"]["exit_code"], names(page)) == (1, ["correct-changes", "rebuild", "restart"])
    rows[0].amount = "10.00"
    found.sell(rows)
    walked(found, page)


@pytest.mark.parametrize(("name", "counted"), [("assume-delivered", 0), ("resend-parked", 10)])
def test_rows_in_doubt_for_too_long_need_a_decision(
    tmp_path: Path, server: AudienceServer, name: str, counted: int
) -> None:
    """What cannot be taken back needs --yes, or an answer on a terminal; then the run goes on."""
    found = selling(tmp_path, server, orders(10))
    server.script([{"do": "drop_before", "times": None}])
    assert found("push").code == 4
    found.now = NOW + timedelta(hours=36, minutes=5)
    page = found.failed("outcome-unknown")
    run = page["run"]["id"]

    assert page["run"]["exit_code"] == 5
    assert names(page) == ["look-at-events", "list-parked", "resend-parked", "assume-delivered", "restart"]
    listed = found.do("list-parked", "--json", run=run)
    assert (listed.code, listed.json["action"], listed.json["rows"]) == (0, "list", 10)
    refused = found.do(name, run=run)
    assert (refused.code, "cannot be taken back" in refused.err, "--yes" in refused.err) == (2, True, True)
    done = found.do(name, "--yes", "--json", run=run)
    assert (done.code, done.json["rows"]) == (0, 10)
    server.script([])
    walked(found, page)
    assert len(server.counted()) == counted
    over = found("status", run, "--do", "3", "--yes")
    assert (over.code, "no row of these views is parked" in over.err) == (2, True)


def test_a_terminal_is_asked(tmp_path: Path, server: AudienceServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever says no has done nothing."""
    found = selling(tmp_path, server, orders(10))
    server.script([{"do": "drop_before", "times": None}])
    found("push")
    found.now = NOW + timedelta(hours=36, minutes=5)
    page = found.failed("outcome-unknown")
    answers = iter([False, True])
    monkeypatch.setattr("pusher.cli.run_page._asks", lambda: True)
    monkeypatch.setattr("typer.confirm", lambda *_words, **_more: next(answers))

    no = found.do("assume-delivered", run=page["run"]["id"])
    yes = found.do("assume-delivered", run=page["run"]["id"])

    assert (no.code, "Nothing was done." in no.err) == (2, True)
    assert (yes.code, "taken for delivered" in yes.out) == (0, True)
