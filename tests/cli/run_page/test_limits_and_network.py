"""Used-up quotas, no answer and a full disk: what the run's page says, and how the run goes on."""

from __future__ import annotations

import errno
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from pusher.push import freezing
from tests.cli.run_page.scene import names, selling, states, walked
from tests.push.members import AudienceServer
from tests.push.support import NOW, VIEW


def test_a_used_up_quota_waits_for_midnight(tmp_path: Path, server: AudienceServer) -> None:
    """Waiting is shown on the day of the run only; the day after it is done by going on."""
    found = selling(tmp_path, server, event_set_id="7654321098765432109")
    server.script([{"do": 40100, "times": None}])
    page = found.failed("rate-limit-day", "--deadline", "1")

    assert (page["run"]["exit_code"], names(page)) == (4, ["lower-rate", "wait-for-quota", "restart"])
    waits = found.do("wait-for-quota", run=page["run"]["id"])
    assert waits.code == 1
    assert "2026-11-21 00:00 UTC, in 12 h 0 min" in waits.out.replace("\n     ", " ")
    found.now = NOW + timedelta(hours=12)
    assert names(found.page()) == ["lower-rate", "restart"]
    over = found("status", "last", "--do", "2")
    assert (over.code, "a new day has begun at 00:00 UTC" in over.err) == (2, True)
    server.script([])
    walked(found, page)


def test_a_quota_that_was_used_up_after_midnight_waits_for_the_next(tmp_path: Path, server: AudienceServer) -> None:
    """The day is the one on which the run ended, and not the one on which it began."""
    found = selling(tmp_path, server)
    server.script([{"do": 40100, "times": None}])
    run = found.failed("rate-limit-day", "--deadline", "1")["run"]["id"]
    ledger = found.shop.root / ".pusher" / "dev" / "ledger.sqlite"
    with closing(sqlite3.connect(ledger)) as connection, connection:
        began, ended = "2026-11-19T23:40:00.000000+00:00", "2026-11-20T00:05:00.000000+00:00"
        connection.execute("update run set started_at = ?, finished_at = ? where id = ?", (began, ended, run))
    waits = found.do("wait-for-quota", run=run)
    assert (waits.code, "2026-11-21 00:00 UTC, in 12 h 0 min" in waits.out.replace("\n     ", " ")) == (1, True)


@pytest.mark.parametrize("fault", ["drop_before", "html_502", "empty"])
def test_no_answer_is_tried_again(tmp_path: Path, server: AudienceServer, fault: str) -> None:
    """The network, or TikTok's own fault: the same bytes go out again."""
    found = selling(tmp_path, server)
    server.script([{"do": fault, "times": None}])
    page = found.failed("network")
    assert (page["run"]["exit_code"], names(page)) == (4, ["check-network", "check-again", "restart"])
    assert found.do("check-network", run=page["run"]["id"]).code == 1
    server.script([])
    walked(found, page)


def test_rows_that_had_all_their_attempts_are_those_of_the_run(tmp_path: Path, server: AudienceServer) -> None:
    """Ten rows are accepted and two get no answer, first of a test and then for real: each run tells its own two."""
    found = selling(tmp_path, server)
    server.script([{"match": {"contains": ["order-00011"]}, "do": "empty", "times": None}])

    pages = [found.failed("network", *words) for words in (("--test-event-code", "T1"), ())]

    assert [[(one["code"], one["rows"]) for one in page["failures"]] for page in pages] == [[("tiktok-unknown", 2)]] * 2


def test_an_answer_that_should_not_exist_stops(tmp_path: Path, server: AudienceServer) -> None:
    """A redirect is never followed."""
    found = selling(tmp_path, server)
    server.script([{"do": "redirect", "times": None}])
    page = found.failed("unsafe-connection")
    assert (page["run"]["exit_code"], names(page)) == (3, ["check-certificate", "check-again", "restart"])
    server.script([])
    walked(found, page)


def test_a_full_disk_is_the_ledgers_trouble(
    tmp_path: Path, server: AudienceServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be written ends the run in its step; once there is room it goes on."""
    found = selling(tmp_path, server)

    def full(*_words: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(freezing, "publish", full)
        page = found.failed("ledger-trouble")
    assert (page["run"]["exit_code"], names(page)) == (4, ["mend-state-folder", "check-again", "restart"])
    assert states(page)[1:3] == [("plan", VIEW, "done"), ("plan", None, "failed")]
    walked(found, page)
