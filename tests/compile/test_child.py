"""Templates are tried in a child process: what breaks a limit ends the child, and the user is told which it was."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from pusher.compile import load, trial
from pusher.compile.child import ChildLimit, Limits, answer_of, can_fork
from pusher.compile.environment import Sandbox
from pusher.compile.words import Words
from pusher.config import load_project_file
from pusher.errors import CompileError
from tests.compile.support import STARTED, problems, profile, write
from tests.compile.test_kept_renders import FILES as NASTY
from tests.compile.test_kept_renders import LOOK_AT_THE_MOMENT

# Workers of pytest have threads, which a forked child does not go near.
pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
About = Callable[[str], None]
LIMITS = Limits(cpu_s=1, wall_s=60, memory_bytes=300_000_000, answer_bytes=1_000_000)
FILES = {
    "macros/twice.sql": "{% macro twice(x) %}{{ x }} + {{ x }}{% endmacro %}",
    "models/a.sql": "select {{ twice(1) }} as id",
    "models/b.sql": "select {{ twice(2) }} as id{{ log('b', info=true) }} from {{ ref('a') }}",
}


def test_a_child_answers_with_data() -> None:
    """As JSON gives it back, whatever its length."""
    answer = {"text": "é\n" * 50_000, "numbers": [1, 2.5, None, True]}

    assert answer_of(lambda _: answer, LIMITS) == answer


def _loops(_about: About) -> None:
    re.match("(a+)+$", "a" * 60 + "b")


def _grows(_about: About) -> int:
    return len("x" * 1_000_000_000)


def _hangs(_about: About) -> None:
    signal.pause()


def _crashes(_about: About) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _talks(_about: About) -> str:
    return "x" * 2_000_000


def _announces(about: About) -> None:
    while True:
        about("models/m.sql")


@pytest.mark.parametrize(
    ("work", "limits", "said"),
    [
        (_loops, LIMITS, "takes more than 1 s of CPU time"),
        (_grows, LIMITS, "takes more than 300 MB of memory"),
        (_hangs, Limits(wall_s=0.2), "does not end within 0.2 seconds"),
        (_crashes, LIMITS, "ends the process by signal 9"),
        (_talks, LIMITS, "says more than 1 MB"),
        (_announces, LIMITS, "says more than 1 MB"),
    ],
)
def test_a_child_that_breaks_a_limit_is_ended(work: Callable[[About], Any], limits: Limits, said: str) -> None:
    """In one operation of C too, which no counter of Python sees; what it was at work on is known."""

    def begin(about: About) -> Any:
        about("models/m.sql")
        return work(about)

    with pytest.raises(ChildLimit) as caught:
        answer_of(begin, limits)

    assert (caught.value.about, str(caught.value)) == ("models/m.sql", said)


@pytest.mark.parametrize("number", [None, signal.SIGINT, signal.SIGTERM])
def test_a_defect_and_a_signal_of_the_user_are_no_limit(number: signal.Signals | None) -> None:
    """The parent goes on by itself, and shows the defect or ends by the signal."""

    def work(_about: About) -> int:
        if number is None:
            return 1 // 0
        os.kill(os.getpid(), number)
        return 1

    assert answer_of(work, LIMITS) is None


def test_an_interrupted_parent_leaves_no_child(tmp_path: Path) -> None:
    """Whatever its handler raises while it waits."""

    class Interrupted(BaseException):
        pass

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise Interrupted

    def work(_about: About) -> None:
        (tmp_path / "pid").write_text(str(os.getpid()), "ascii")
        os.kill(os.getppid(), signal.SIGUSR1)
        signal.pause()

    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with pytest.raises(Interrupted):
            answer_of(work, LIMITS)
    finally:
        signal.signal(signal.SIGUSR1, before)

    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text("ascii")), 0)


@pytest.fixture
def forking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process fork although it has threads."""
    monkeypatch.setattr(trial, "can_fork", lambda: True)


@pytest.mark.usefixtures("forking")
def test_what_ended_well_in_the_child_does_not_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its text, references and notices are those of the child."""
    compile_source, run = Sandbox.compile_source, list[str]()

    def noted(self: Sandbox, source: str, file: str, rewrite: Any = None) -> Any:
        run.append(file)
        return compile_source(self, source, file, rewrite)

    monkeypatch.setattr(Sandbox, "compile_source", noted)
    project = load_project_file(write(tmp_path, FILES))

    found = load(project, profile(tmp_path), vars={}, run_started_at=STARTED, is_bounded=True)

    assert run == ["macros/twice.sql"]
    assert {name: model.compiled_sql for name, model in found.models.items()} == {
        "a": "select 1 + 1 as id",
        "b": 'select 2 + 2 as id from "shop"."main"."a"',
    }
    assert (found.models["b"].depends_on, found.notices) == (("a",), ("b",))


@pytest.mark.usefixtures("forking")
def test_the_template_that_breaks_a_limit_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It never runs in the process of the user."""
    parent = os.getpid()

    def hang(_words: Words, _message: Any, **_: Any) -> str:
        assert os.getpid() != parent
        signal.pause()
        return ""

    monkeypatch.setattr(Words, "_log", hang)
    monkeypatch.setattr(trial, "Limits", lambda: Limits(wall_s=0.3))
    project = load_project_file(write(tmp_path, FILES))

    with pytest.raises(CompileError) as caught:
        load(project, profile(tmp_path), vars={}, run_started_at=STARTED, is_bounded=True)

    message = "The template does not end within 0.3 seconds."
    fix = "Make its loops and texts smaller; let SQL do the work."
    assert problems(caught.value) == [("render-limit", "models/b.sql:1:1", message, fix)]
    assert caught.value.exit_code == 2


@pytest.mark.usefixtures("forking")
def test_mistakes_are_told_as_without_a_child(tmp_path: Path) -> None:
    """All at once, with their places."""
    wrong = {"models/c.sql": "{{ nothing }}", "models/d.sql": "{{ 1 / 0 }}"}
    project = load_project_file(write(tmp_path, {**FILES, **wrong}))
    said = []
    for is_bounded in (False, True):
        with pytest.raises(CompileError) as caught:
            load(project, profile(tmp_path), vars={}, run_started_at=STARTED, is_bounded=is_bounded)
        said.append(problems(caught.value))

    assert [place for _, place, *_ in said[0]] == ["models/c.sql:1:4", "models/d.sql:1:1"]
    assert said[0] == said[1]


@pytest.mark.usefixtures("forking")
def test_what_is_compiled_does_not_depend_on_the_child(tmp_path: Path) -> None:
    """Also for templates that no entry stands for, and for those whose names come from macros."""
    # One asks for columns, and is rendered again when nobody forks any more.
    files = {name: text for name, text in NASTY.items() if name != "models/star.sql"}
    files |= {f"models/late/m{at}.sql": f"select '{text}'" for at, text in enumerate(LOOK_AT_THE_MOMENT)}
    project = load_project_file(write(tmp_path, files))
    found = [
        load(project, profile(tmp_path), vars={}, run_started_at=STARTED, is_bounded=is_bounded)
        for is_bounded in (False, True)
    ]

    for name in ("models", "sources", "tests", "unit_tests", "macros", "notices", "normaliser_version"):
        assert getattr(found[0], name) == getattr(found[1], name)


def test_a_process_with_threads_does_not_fork() -> None:
    """Whoever holds a lock there would hold it in the child for ever."""
    from threading import Event, Thread

    ready = Event()
    thread = Thread(target=ready.wait)
    thread.start()
    try:
        assert not can_fork()
    finally:
        ready.set()
        thread.join()
