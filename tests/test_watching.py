"""A project under a watch: what each saved file changes, and what a person sees of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer

from pusher.cli.progress import Progress
from pusher.cli.session import Session
from pusher.cli.watch import watch_build
from pusher.project.facade import LoadOptions, Project
from pusher.watching import Change, Watch
from tests.cli.conftest import pusher

NOW = datetime(2026, 11, 28, 6, tzinfo=UTC)
FILES = {
    "dbt_project.yml": "name: shop\nprofile: shop\n",
    "profiles.yml": "shop: {target: dev, outputs: {dev: {type: duckdb, path: shop.duckdb, threads: 1}}}\n",
    "macros/all.sql": "{% macro one() %}1{% endmacro %}",
    "packages.yml": "packages: [{local: words}]\n",
    "words/dbt_project.yml": "name: words\n",
    "words/macros/all.sql": "{% macro three() %}3{% endmacro %}",
    "seeds/s.csv": "id\n1\n",
    "models/a.sql": "select id from {{ ref('s') }}",
    "models/b.sql": "select id, {{ one() }} as n from {{ ref('a') }}",
    "models/c.sql": "select id, {{ words.three() }} as three from {{ ref('b') }}",
    "models/now.sql": "select '{{ run_started_at }}' as started_at",
    "models/m.yml": "models: [{name: a, description: A., columns: [{name: id, data_tests: [not_null]}]}]\n",
}


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


class Editor:
    """A clock whose time passes in edits: each wait of a watch is the next of them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.edits: list[Callable[[], object]] = []
        self._stamp = 1_000_000_000

    def now(self) -> datetime:
        """Return the one moment."""
        return NOW

    def monotonic_s(self) -> float:
        """Return the same number of seconds."""
        return 0.0

    def sleep(self, seconds: float) -> None:
        """Make the next edit."""
        del seconds
        if self.edits:
            self.edits.pop(0)()

    def write(self, name: str, text: str) -> Callable[[], object]:
        """Return an edit that writes a file, with a time of its own."""

        def edit() -> None:
            self._stamp += 1
            path = self.root / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            os.utime(path, (self._stamp, self._stamp))

        return edit


@pytest.fixture(name="editor")
def _editor(root: Path) -> Editor:
    return Editor(root)


@pytest.fixture(name="watch")
def _watch(root: Path, editor: Editor) -> Watch:
    def load() -> Project:
        return Project.load(LoadOptions(project_dir=root))

    watch = Watch(load, load(), editor)
    watch.begin()
    return watch


def after(watch: Watch, editor: Editor, *edits: Callable[[], object]) -> Change:
    """Return the next change after some edits."""
    editor.edits += edits
    return next(watch.changes())


@pytest.mark.parametrize(
    ("name", "text", "select"),
    [
        ("models/b.sql", FILES["models/b.sql"] + " -- more", ("b+",)),
        ("models/a.sql", "select id, id from {{ ref('s') }}", ("a+",)),
        ("macros/all.sql", "{% macro one() %}2{% endmacro %}", ("b+",)),
        ("macros/all.sql", "{% macro one() %}1{% endmacro %}{% macro two() %}{% endmacro %}", ()),
        ("words/macros/all.sql", "{% macro three() %}4 - 1{% endmacro %}", ("c+",)),
        ("words/dbt_project.yml", "name: words\nvars: {unused: 1}\n", ()),
        ("words/models/more.sql", "select 1 as id", ("more+",)),
        ("seeds/s.csv", "id\n1\n2\n", ("s+",)),
        ("models/m.yml", FILES["models/m.yml"].replace("A.", "Another text."), ()),
        ("models/m.yml", FILES["models/m.yml"].replace("[not_null]", "[not_null, unique]"), ("unique_a_id",)),
        ("models/m.yml", FILES["models/m.yml"].replace("columns", "config: {materialized: table}, columns"), ("a+",)),
        ("models/new.sql", "select 1 as id", ("new+",)),
        ("dbt_project.yml", FILES["dbt_project.yml"] + "models: {shop: {b: {+tags: x}}}\n", ("b+",)),
        ("models/readme.md", "{% docs x %}{% enddocs %}", ()),
    ],
)
def test_a_saved_file_selects_what_it_changes(
    watch: Watch, editor: Editor, name: str, text: str, select: tuple[str, ...]
) -> None:
    """Models with all below them, tests by themselves; texts for people change nothing that is built."""
    change = after(watch, editor, editor.write(name, text))
    assert (change.files, change.select, change.error) == ((name,), select, None)


def test_a_file_that_is_removed_is_a_change(watch: Watch, editor: Editor, root: Path) -> None:
    """What refers to it says so."""
    change = after(watch, editor, (root / "models/a.sql").unlink)
    assert (change.files, change.project, change.select) == (("models/a.sql",), None, ())
    assert change.error is not None
    assert change.error.problems[0].message == "Model `a` does not exist."


def test_a_project_that_is_wrong_for_a_while_is_built_by_its_difference(watch: Watch, editor: Editor) -> None:
    """Not by what was wrong in between."""
    wrong = after(watch, editor, editor.write("models/b.sql", "select {{ nothing }}"))
    right = after(watch, editor, editor.write("models/b.sql", FILES["models/b.sql"]))
    other = after(watch, editor, editor.write("models/c.sql", "select 2 as id"))
    assert (wrong.error is None, right.error, right.select, other.select) == (False, None, (), ("c+",))


def test_what_was_not_built_is_selected_by_the_next_change(watch: Watch, editor: Editor) -> None:
    """Whatever file that is, and once."""
    watch.failed(["b"])
    first = after(watch, editor, editor.write("models/c.sql", "select 2 as id"))
    second = after(watch, editor, editor.write("models/c.sql", "select 3 as id"))
    assert (set(first.select), second.select) == ({"b+", "c+"}, ("c+",))


def test_files_that_are_written_in_steps_are_one_change(watch: Watch, editor: Editor) -> None:
    """An editor may write a file twice, and a tool may write several."""
    change = after(
        watch,
        editor,
        lambda: None,
        editor.write("models/b.sql", ""),
        editor.write("models/b.sql", "select 1 as id"),
        editor.write("models/c.sql", "select 2 as id"),
    )
    assert (change.files, change.select, editor.edits) == (("models/b.sql", "models/c.sql"), ("b+", "c+"), [])


def said(stream: Iterator[str], end: str) -> list[str]:
    """Return the lines up to one that begins so."""
    found = []
    for line in stream:
        found.append(line.rstrip("\n"))
        if line.startswith(end):
            break
    return found


def test_a_person_sees_each_change_and_ends_the_watch(root: Path) -> None:
    """A build, a mistake, its correction, and Ctrl-C with exit code 130."""
    words = [str(Path(sys.executable).parent / "pusher"), "build", "--watch"]
    with subprocess.Popen(words, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            assert process.stdout is not None
            first = said(process.stdout, "watching; ")
            (root / "models/b.sql").write_text("select idd, 2 as n from {{ ref('a') }}")
            wrong = said(process.stdout, "in ")
            (root / "models/b.sql").write_text("select id, 2 as n from {{ ref('a') }}")
            right = said(process.stdout, "in ")
            (root / "models/m.yml").write_text(FILES["models/m.yml"].replace("A.", "B."))
            nothing = said(process.stdout, "nothing")
            (root / "models/b.sql").write_text("select {{ id }}")
            broken = said(process.stdout, "  Define it")
            time.sleep(0.2)
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=20) == 130
        finally:
            process.kill()

    assert "built 1 seed and 4 models" in first
    assert "4 models: 0 errors, 0 warnings, 0 notes" in first
    assert wrong[1] == "models/b.sql changed"
    assert any(line.startswith("error: models/b.sql:1:8: ") for line in wrong)
    assert [line for line in right if line.startswith("built ")][-1] == "built 2 models"
    assert "2 models: 0 errors, 0 warnings, 0 notes" in right
    assert nothing[-2:] == ["models/m.yml changed", "nothing to build"]
    assert any(line.startswith("error: models/b.sql:1:11: `id` is not defined.") for line in broken)


def test_a_watch_prints_no_json(root: Path) -> None:
    """Stdout would hold more than one object."""
    ran = pusher("build", "--watch", "--json", "--project-dir", str(root))
    assert (ran.code, ran.json["errors"][0]["code"]) == (2, "usage")


@pytest.fixture(name="session_of")
def _session_of(capsys: pytest.CaptureFixture[str]) -> Callable[[Callable[[Session], None]], tuple[int, list[str]]]:
    """Return what runs a watch to its end in this process, and gives its exit code and what it printed."""

    def run(work: Callable[[Session], None]) -> tuple[int, list[str]]:
        current = Session("build", json=False, progress=Progress(quiet=False))
        with pytest.raises(typer.Exit) as caught:
            work(current)
        out, err = capsys.readouterr()
        return caught.value.exit_code, [*out.splitlines(), *err.splitlines()]

    return run


def test_a_selection_is_all_that_is_watched(
    root: Path, editor: Editor, session_of: Callable[[Callable[[Session], None]], tuple[int, list[str]]]
) -> None:
    """A change outside of it builds nothing; a failed test and a mistake are told and end nothing."""
    failing = FILES["models/m.yml"].replace("[not_null]", "[{accepted_values: {arguments: {values: [9]}}}]")
    editor.edits = [
        editor.write("models/now.sql", "select 2 as id"),
        lambda: None,
        editor.write("models/m.yml", failing),
        lambda: None,
        editor.write("models/c.sql", "select idd from {{ ref('b') }}"),
        lambda: None,
        editor.write("models/c.sql", "select id, 3 as more from {{ ref('b') }}"),
        lambda: None,
        editor.write("models/a.sql", "select {{ nothing }}"),
        lambda: None,
        lambda: os.kill(os.getpid(), signal.SIGTERM),
    ]
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]

    code, said = session_of(
        lambda current: watch_build(
            current,
            lambda: Project.load(LoadOptions(project_dir=root), listener=current.progress),
            ["s+"],
            (),
            full_refresh=False,
            folder=root,
            clock=editor,
        )
    )

    assert code == 143, said
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers
    changes = [line for line in said if line.endswith(" changed")]
    assert changes == [f"models/{name} changed" for name in ("now.sql", "m.yml", "c.sql", "c.sql", "a.sql")]
    assert "nothing to build of what was selected" in said, "\n".join(said)
    assert "1 data test: 1 failed" in said
    assert any("accepted_values_a_id__9" in line for line in said)
    assert any(line.startswith('error: models/c.sql:1:8: Referenced column "idd"') for line in said)
    assert "built 1 model" in said
    assert any(line.startswith("error: models/a.sql:1:11: `nothing` is not defined.") for line in said)
    assert said[-1] == "  Define it with {% set %}, as a macro in macros/, or as a var."
