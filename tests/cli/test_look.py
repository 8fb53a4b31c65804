"""How the output looks: colours on a terminal only, tables that fit, names that a shell completes."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import typer

from pusher.cli import colours, render
from pusher.cli.app import app, run
from pusher.errors import Problem
from tests.conftest import ProjectFactory

RED, YELLOW = "\x1b[31m", "\x1b[33m"
VIEW = """\
{{ config(materialized='view', meta={'pusher': {'destination': 'tiktok', 'payload': 'offline_events'}}) }}
select 'Purchas' as event, '1' as event_id, timestamp '2026-11-20 10:00:00' as event_time, 'EUR' as currency
"""


def on_terminal(root: Path, *words: str, **environment: str) -> str:
    """Run a command whose output is a terminal, and return what that shows."""
    ours, theirs = pty.openpty()
    kept = {name: value for name, value in os.environ.items() if name not in {"CI", "NO_COLOR"}}
    try:
        subprocess.run(
            [sys.executable, "-m", "pusher", *words, "--project-dir", str(root), "--profiles-dir", str(root)],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**kept, "TERM": "xterm", **environment},
            check=False,
        )
        os.set_blocking(ours, False)
        return os.read(ours, 1_000_000).decode()
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_terminal_shows_how_bad_a_finding_is(project: ProjectFactory) -> None:
    """The severity alone is painted."""
    shown = on_terminal(project({"models/v.sql": VIEW}), "lint")
    assert f"models/v.sql:2:8: {RED}error\x1b[0m PU208 " in shown
    assert f": {YELLOW}warning\x1b[0m PU201 " in shown


def test_a_terminal_shows_errors_and_checks_in_colour(project: ProjectFactory) -> None:
    """A mistake in a model, and what `debug` says of it."""
    root = project({"models/v.sql": "select from"})
    assert on_terminal(root, "lint").startswith(f"{RED}error\x1b[0m: models/v.sql")
    debugged = on_terminal(root, "debug")
    assert "\x1b[32mok\x1b[0m" in debugged
    assert f"{RED}failed\x1b[0m" in debugged


@pytest.mark.parametrize(
    ("words", "environment"),
    [
        (["--no-color"], {}),
        ([], {"NO_COLOR": "1"}),
        ([], {"CI": "true"}),
        ([], {"TERM": "dumb"}),
        (["--json"], {}),
        (["--format", "github"], {}),
    ],
    ids=" ".join,
)
def test_nobody_gets_colours_who_did_not_ask(
    project: ProjectFactory, words: list[str], environment: Mapping[str, str]
) -> None:
    """An option, the environment, and every form for programs."""
    shown = on_terminal(project({"models/v.sql": VIEW}), "lint", *words, **environment)
    assert "PU208" in shown
    assert "\x1b" not in shown


def test_a_pipe_gets_no_colours(project: ProjectFactory) -> None:
    """Plain text, with the same words."""
    root = project({"models/v.sql": VIEW})
    words = [sys.executable, "-m", "pusher", "lint", "--project-dir", str(root), "--profiles-dir", str(root)]
    ran = subprocess.run(words, capture_output=True, text=True, check=False, env={**os.environ, "TERM": "xterm"})
    assert (": error PU208 " in ran.stdout, "\x1b" in ran.stdout + ran.stderr) == (True, False)


def test_what_may_be_painted_is_decided_once() -> None:
    """Only a terminal nobody spoke against is asked."""
    decided = [
        colours.choice(no_color=False, environment={}),
        colours.choice(no_color=False, environment={"NO_COLOR": ""}),
        colours.choice(no_color=True, environment={}),
        colours.choice(no_color=False, environment={"NO_COLOR": "0"}),
    ]
    assert decided == [None, None, False, False]
    assert colours.painted("plain") == "plain"


def test_a_table_fits_the_width_by_cutting_its_longest_texts() -> None:
    """Numbers are never cut, and short columns stay whole."""
    rows = [("a_model_with_a_rather_long_name_of_its_own", "tiktok_offline_events_of_all_our_stores", 1_234_567, "ok")]
    assert render.table(("model", "view", "rows", "state"), rows).splitlines() == [
        "model                           view                                 rows  state",
        "------------------------------  ------------------------------  ---------  -----",
        "a_model_with_a_rather_long_na…  tiktok_offline_events_of_all_…  1,234,567  ok",
    ]


def test_a_table_with_too_many_columns_becomes_lines() -> None:
    """One name and value on each; nothing is lost."""
    names = [f"column_number_{number}" for number in range(9)]
    shown = render.table(names, [[f"value {number}" for number in range(9)]] * 2)
    one = [f"column_number_{number}  value {number}" for number in range(9)]
    assert shown.splitlines() == [*one, "", *one]


def test_nothing_is_shown_of_nothing() -> None:
    """A table without rows is empty, and an error without a remedy is one line."""
    assert render.table(("model", "rows"), []) == ""
    assert render.problem_lines([Problem("code", "It failed."), Problem("code", "So did it.", fix="Try again.")]) == (
        "error: It failed.\nerror: So did it.\n  Try again."
    ).replace("error", colours.painted("error"))


@pytest.mark.parametrize(
    ("line", "place", "expected"),
    [("pusher l", "1", "ls\nlint\n"), ("pusher push --test", "2", "--test-event-code\n")],
)
def test_a_shell_completes_commands_and_options(line: str, place: str, expected: str) -> None:
    """As `pusher --install-completion` sets it up."""
    asked = {"_PUSHER_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": place}
    program = "import sys; from pusher.cli import main; sys.argv[0] = 'pusher'; sys.exit(main())"
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, env={**os.environ, **asked}
    )
    assert (ran.stdout, ran.stderr) == (expected, "")


def test_every_command_shows_how_it_is_called() -> None:
    """The help text ends with an example."""
    helps = {command.name: command.help or "" for command in app().registered_commands}
    assert [name for name, text in helps.items() if f"Example: pusher {name}" not in text.splitlines()[-1]] == []


@pytest.mark.parametrize("name", [command.name for command in app().registered_commands])
def test_a_command_alone_is_the_one_among_all(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A command line that begins with a command's name imports no other command, and shows the same help."""
    among_all = typer.main.get_command(app())
    run([name, "--help"])
    alone = capsys.readouterr().out
    among_all([name, "--help"], prog_name="pusher", standalone_mode=False)
    assert capsys.readouterr().out == alone
    assert alone.startswith(f"Usage: pusher {name} ")
