"""Who reads the output, or asks the command to stop, never changes what was done or what the exit code says."""

from __future__ import annotations

import io
import json
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pusher.errors import ConfigError
from pusher.progress import Event, RowsSettled
from tests.cli.conftest import pusher
from tests.push.support import NOW, VIEW, Shop, orders, serving, wait_until

PIPED = '%s -m pusher push --clock %s --project-dir "%s" %s %s; echo "${PIPESTATUS[0]}"'


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A shop that pushes to the embedded sandbox."""
    return Shop(tmp_path / "shop")


@pytest.mark.parametrize("code", ["", "  ", "\t"])
def test_an_empty_test_code_is_never_a_real_push(shop: Shop, code: str) -> None:
    """A script whose variable is not set ends with 2; nothing is sent, and nothing is planned."""
    shop.sell(orders(3))
    shop.build()

    process = shop.command("push", "--json", "--test-event-code", code, "--clock", NOW.isoformat())
    out, _ = process.communicate(timeout=60)
    with pytest.raises(ConfigError):
        shop.push(test_event_code=code)

    assert process.returncode == 2
    assert json.loads(out)["errors"][0]["code"] == "test-event-code"
    assert not shop.state.root.exists()


@pytest.mark.parametrize("more", ["", "--json"])
@pytest.mark.parametrize(
    "redirect", ["2>/dev/null | true", "2>&1 >/dev/null | true", ">&-", "2>&-", ">&- 2>&- </dev/null", ">/dev/full"]
)
def test_61_a_closed_stream_changes_neither_push_nor_exit_code(shop: Shop, redirect: str, more: str) -> None:
    """With nobody at the other end of stdout or stderr every row is sent, and the code is the push's own."""
    shop.sell([*orders(1_200), *orders(1, start=3_000)])
    shop.build()
    code = 0
    if redirect != "2>&-":
        # A finding: 1 is the push's own code, which nothing else may replace.
        rows = orders(1_200)
        rows[7].amount = "-1"
        shop.sell(rows)
        code = 1
    script = PIPED % (sys.executable, NOW.isoformat(), shop.root, more, redirect)

    done = subprocess.run(["/bin/bash", "-c", script], capture_output=True, text=True, check=True, timeout=60)

    assert done.stdout.splitlines()[-1] == str(code)
    assert "Traceback" not in done.stderr
    assert shop.keys() == [("accepted", 1_201 - 2 * code)]
    assert shop.ledger("select exit_code from run") == [(code,)]


@pytest.mark.parametrize(
    "words",
    ["report", "status --json", "push --dry-run --quiet", "show tiktok_offline_events", "ls", "lint --format sarif"],
)
def test_what_only_prints_is_not_done_when_it_cannot_be_printed(shop: Shop, words: str) -> None:
    """On a full disk a command whose whole work is its output ends with 4 and says so."""
    shop.sell(orders(3))
    shop.build()
    shop.push()
    script = f'{sys.executable} -m pusher {words} --project-dir "{shop.root}" >/dev/full; echo $?'

    done = subprocess.run(["/bin/bash", "-c", script], capture_output=True, text=True, check=True, timeout=60)

    assert (done.stdout, done.stderr) == ("4\n", "error: The output could not be written: No space left on device.\n")


def test_a_listener_that_fails_to_write_is_told_nothing_more(shop: Shop) -> None:
    """A broken pipe behind the listener is not taken for a state folder that cannot be written."""
    shop.sell(orders(30))
    shop.build()
    project, told = shop.project(), []

    def listener(event: Event) -> None:
        told.append(event)
        if isinstance(event, RowsSettled):
            raise BrokenPipeError(32, "Broken pipe")

    project.listener = listener

    report = project.push()

    assert (report.exit_code, report.models[0].terms["accepted"]) == (0, 30)
    assert sum(isinstance(event, RowsSettled) for event in told) == 1
    assert shop.keys() == [("accepted", 30)]


class _Broken(io.StringIO):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error
        self.asked = 0

    def write(self, text: str) -> int:
        del text
        self.asked += 1
        raise self._error


@pytest.mark.parametrize("error", [BrokenPipeError(32, "Broken pipe"), OSError(28, "No space"), ValueError("closed")])
def test_progress_goes_quiet_when_it_cannot_be_written(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """The first failure is the last attempt."""
    from pusher.cli.progress import Progress

    broken = _Broken(error)
    monkeypatch.setattr(sys, "stderr", broken)
    progress = Progress(quiet=False)

    progress.line("one")
    progress.line("two")

    assert broken.asked == 1


def _endless(shop: Shop) -> None:
    """Make reading the view take an hour."""
    from pusher.builds.run import build

    model = shop.root / "models" / f"{VIEW}.sql"
    slow = "where (select count(*) from range(1000000000000) as t(n) where hash(n) > 3) >= 0"
    model.write_text(f"{model.read_text().rstrip()}\n{slow}\n")
    project = shop.project()
    engine = project._warehouse()
    build(project.manifest, engine)
    engine.close()


def _has_begun(shop: Shop) -> bool:
    """Whether a push has noted its run; from then on it reads the view."""
    try:
        return shop.state.ledger.exists() and shop.ledger("select count(*) from run") == [(1,)]
    except sqlite3.OperationalError:
        # The ledger is being made.
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_planning_stops_soon_and_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    """A view that takes for ever is given up: nothing sent, no staging, and the code of the signal."""
    with serving(tmp_path / "sandbox.sqlite") as server:
        shop = Shop(tmp_path / "shop", server.base_url)
        shop.sell(orders(5))
        _endless(shop)
        process = shop.command("push", "--json", "--clock", NOW.isoformat())
        try:
            wait_until(lambda: _has_begun(shop))
            time.sleep(0.5)
            started = time.monotonic()
            process.send_signal(number)
            out, err = process.communicate(timeout=30)
        finally:
            process.kill()

        assert time.monotonic() - started < 10
        assert process.returncode == 128 + number
        result = json.loads(out)
        assert (result["exit_code"], result["errors"][0]["code"]) == (128 + number, "interrupted")
        assert b"Traceback" not in err
        assert list(shop.state.outbox.iterdir()) == []
        assert server.requests() == []
        assert shop.ledger("select exit_code, finished_at is not null from run") == [(4, 1)]


def test_a_second_signal_leaves_a_json_object_too(tmp_path: Path) -> None:
    """Whoever reads the output knows that the push was ended at once, and that running it again is right."""
    with serving(tmp_path / "sandbox.sqlite", [{"match": {"nth": 2}, "do": "slow_drip"}]) as server:
        shop = Shop(tmp_path / "shop", server.base_url)
        shop.sell(orders(1_200))
        shop.build()
        process = shop.command("push", "--json", "--clock", NOW.isoformat())
        try:
            # The first ten rows, then several requests at once.
            wait_until(lambda: len(server.requests()) >= 2)
            process.send_signal(signal.SIGINT)
            time.sleep(0.3)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
        finally:
            process.kill()

    fix = "Run it again: nothing is lost, and nothing counts twice."
    problem = {"code": "interrupted", "message": "pusher push was interrupted.", "fix": fix}
    result = json.loads(out)
    assert (process.returncode, err) == (130, b"")
    assert {**result, "errors": [{name: one for name, one in error.items() if one} for error in result["errors"]]} == {
        "schema_version": 1, "command": "push", "exit_code": 130, "errors": [problem],
    }  # fmt: skip


def test_a_wish_to_stop_is_heard_between_views(shop: Shop) -> None:
    """Once somebody asked, the next view is not read any more."""
    from pusher.errors import Incomplete
    from pusher.progress import PlanFinished

    shop.sell(orders(3))
    (shop.root / "models" / "twin.sql").write_text((shop.root / "models" / f"{VIEW}.sql").read_text())
    shop.build()
    project, planned = shop.project(), []
    project.listener = lambda event: planned.append(event) if isinstance(event, PlanFinished) else None

    with pytest.raises(Incomplete) as caught:
        project.push(should_stop=lambda: bool(planned))

    assert (caught.value.problems[0].code, len(planned)) == ("interrupted", 1)
    assert shop.ledger("select count(*) from part") == [(0,)]
    assert list(shop.state.outbox.iterdir()) == []


# settings -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [["build"], ["lint"], ["show", VIEW], ["push"], ["push", "--dry-run"]])
def test_a_misspelt_override_is_refused_by_every_command(shop: Shop, command: list[str]) -> None:
    """What nothing reads is not passed over: the setting that was meant would be missing."""
    shop.sell(orders(1))

    ran = pusher(*command, "--json", "--project-dir", str(shop.root), "--set", "event_set=7654321098765432109")

    assert (ran.code, [(one["code"], one["fix"]) for one in ran.json["errors"]]) == (
        2,
        [("unknown-setting", "Did you mean `event_set_id`?")],
    )


def test_a_misspelt_destination_has_a_suggestion(shop: Shop) -> None:
    """A block that nothing reads is named with its place."""
    profiles = shop.root / "profiles.yml"
    profiles.write_text(profiles.read_text().replace('"tiktok": {', '"tikto": {'))

    ran = pusher("lint", "--json", "--project-dir", str(shop.root))

    (problem,) = ran.json["errors"]
    assert (ran.code, problem["code"], problem["fix"]) == (2, "unknown-destination", "Did you mean `tiktok`?")
    assert (problem["file"], problem["line"]) == ("profiles.yml", 1)


def test_a_target_without_settings_builds_no_destination_view(shop: Shop) -> None:
    """Told before the warehouse is opened."""
    shop.sell(orders(1))
    profiles = shop.root / "profiles.yml"
    profiles.write_text(profiles.read_text().replace('"dev": {"tiktok": {', '"prod": {"tiktok": {'))

    refused = pusher("build", "--json", "--project-dir", str(shop.root))

    assert (refused.code, [one["message"] for one in refused.json["errors"]]) == (
        2,
        ["profiles.yml has no `pusher: dev: tiktok:` block."],
    )
    assert list(shop.root.glob("**/*.duckdb")) == []


def test_one_of_a_thing_is_not_many(shop: Shop) -> None:
    """Counts read as a person would say them."""
    shop.sell(orders(3))

    built = pusher("build", "--project-dir", str(shop.root))
    linted = pusher("lint", "--project-dir", str(shop.root))
    pushed = pusher("push", "--project-dir", str(shop.root), "--clock", NOW.isoformat())

    assert built.out.splitlines()[-1] == "built 1 model"
    assert linted.out.splitlines()[-1].startswith("1 model: 0 errors, ")
    assert "sandbox: 1 request; " in pushed.out
    assert "the sandbox so far: 1 request, 3 events counted, 0 duplicates" in pushed.out


_AT_THE_END = {
    "atexit": "import atexit; atexit.register(lambda: print('last'))",
    "a thread": "import threading as it; it.Thread(target=lambda: [it.main_thread().join(), print('last')]).start()",
    "a profiler": "sys.setprofile(lambda *_: None); leave = sys.exit; "
    "sys.exit = lambda code: [print('last'), leave(code)]",
}


@pytest.mark.parametrize("who", _AT_THE_END)
def test_a_command_ends_after_everybody_who_waits_for_its_end(who: str) -> None:
    """Handlers run, threads are waited for and a profiler sees the end, after all output and with the code."""
    program = f"import sys; {_AT_THE_END[who]}; from pusher.cli import main; main()"

    done, wrong = (
        subprocess.run([sys.executable, "-c", program, word], capture_output=True, text=True, timeout=60, check=False)
        for word in ("--help", "nothing")
    )

    assert (done.stdout.splitlines()[-1], done.returncode) == ("last", 0)
    assert "push" in done.stdout
    assert (wrong.stdout, wrong.returncode) == ("last\n", 2)
