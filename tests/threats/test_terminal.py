"""Names and words that try to steer the terminal they are printed on."""

from __future__ import annotations

from pathlib import Path

import pytest

from pusher.cli.render import steady
from pusher.transport import redact
from tests.cli.conftest import Ran, pusher
from tests.conftest import ProjectFactory

# Clears the screen, names the window, hides what follows, turns the direction of the text, writes the clipboard.
STEERING = "\x1b[2J\x1b]0;owned\x07\x1b[8m\u202e\x9b2J\x1b]52;c;b3duZWQ=\x07\r\x08"


def check(ran: Ran) -> None:
    """Nothing that was printed steers anything but colours."""
    for text in (ran.out, ran.err):
        assert [one for one in text if ord(one) < 0x20 and one not in "\n\t"] == []
        assert [one for one in text if one in "\x7f\x9b\u202e"] == []


@pytest.mark.parametrize("command", ["ls", "compile", "lint", "build", "test", "show", "config", "status", "debug"])
def test_names_of_files_columns_and_values_are_escaped(project: ProjectFactory, command: str) -> None:
    """A pull request chooses names of models, columns, tags and messages; data chooses values."""
    steer = STEERING.replace("\r", "")
    root = project(
        {
            "models/m.sql": "{{ config(tags=['" + steer + "']) }}{{ log('" + steer + "', info=true) }}"
            "{% do exceptions.warn('" + steer + "') %}select '" + steer + "' as \"a" + steer + '"',
            f"models/x{steer.replace('/', '')}.sql": "select 1 as a",
            "models/broken.sql": "{{ config(enabled=false) }}select",
            "tests/t.sql": "{{ log('" + steer + "', info=true) }}select * from {{ ref('m') }} where false",
        }
    )
    if command in {"show", "status"}:
        assert pusher("build", "--project-dir", str(root)).code == 0
    words = {"show": ("show", "m"), "config": ("config", "m"), "compile": ("compile", "--select", "m")}
    for more in ((), ("--json",)):
        check(pusher(*words.get(command, (command,)), *more, "--project-dir", str(root)))


def test_errors_about_odd_names_are_escaped(project: ProjectFactory) -> None:
    """The message, the place and the advice may each hold what the project wrote."""
    steer = STEERING.replace("\r", "")
    root = project(
        {
            "models/m.sql": "select '{{ ref('" + steer + "') }}'{{ exceptions.raise_compiler_error('" + steer + "') }}",
            f"models/x{steer}.sql": "selec",
            "models/m.yml": 'models: [{name: "x\\e[2J"}]\n',
        }
    )
    for words in (("lint",), ("lint", "--format", "github"), ("lint", "--format", "json"), ("build",), ("ls",)):
        ran = pusher(*words, "--project-dir", str(root))
        check(ran)
        assert ran.code == 2


def test_words_of_the_server_are_escaped() -> None:
    """TikTok's messages, or those of whoever answers in its place, go through the redactor."""
    assert redact(STEERING) == "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in STEERING
    )


def test_our_own_colours_and_lines_stay() -> None:
    """Only what pusher writes itself to colour a word is let through."""
    ours = "\x1b[31merror\x1b[0m: a\tb\n\x1b[36mnote\x1b[0m: é ☃ \U0001f600"
    assert steady(ours) == ours
    assert steady("\x1b[1;31mx\x1b[38;5;1my\x1b[8mz") == "\\x1b[1;31mx\\x1b[38;5;1my\\x1b[8mz"


def test_a_line_of_progress_is_escaped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line that renews itself on a terminal has names in it as well."""
    from pusher.cli.progress import Progress
    from pusher.progress import ModelBuilt, Notice, UnitTestFinished

    del tmp_path
    monkeypatch.setattr("pusher.cli.progress._is_live", lambda: True)
    progress = Progress(quiet=False)
    for event in (Notice(STEERING), ModelBuilt(STEERING, "view", 1, 0.1), UnitTestFinished(STEERING, "pass", 0.1)):
        progress(event)
    shown = capsys.readouterr().err.replace("\r\x1b[2K", "")
    assert [one for one in shown if not one.isprintable() and one != "\n"] == []
