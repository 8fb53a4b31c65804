"""A project of one's own: everything or nothing is written, no file is replaced, and it works straight away."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
import yaml

from pusher import new_project
from pusher.cli.app import run
from pusher.errors import UsageError
from tests.cli.conftest import Ran, pusher

ROOT = Path(__file__).parents[2]
SETTINGS = (".gitignore", "dbt_project.yml", "profiles.yml", "profiles.yml.example", "pusher.yml")
DATA = ("data/retail/customers.csv", "data/retail/generated.json", "data/retail/transactions.csv")


def files(folder: Path) -> list[str]:
    """Return the paths of the files in a folder."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def shipped() -> list[str]:
    """Return the paths of the repository's own models and macros."""
    return sorted(
        path.relative_to(ROOT).as_posix() for name in ("models", "macros") for path in (ROOT / name).rglob("*.*")
    )


def test_a_new_project_holds_what_is_shipped(tmp_path: Path) -> None:
    """Models, macros, settings and sample data, with the same bytes; profiles.yml is the example."""
    shop = tmp_path / "deep" / "shop"
    ran = pusher("init", str(shop), "--yes")
    assert (ran.code, ran.err) == (0, "")
    assert files(shop) == sorted((*SETTINGS, *DATA, *shipped()))
    for name in (*shipped(), "dbt_project.yml", "pusher.yml", "profiles.yml.example"):
        assert (shop / name).read_bytes() == (ROOT / name).read_bytes()
    assert (shop / "profiles.yml").read_bytes() == (ROOT / "profiles.yml.example").read_bytes()
    assert ran.out.splitlines()[0] == f"{shop}: wrote {len(files(shop))} files"
    assert ran.out.splitlines()[-5:] == ["Next:", f"  cd {shop}", "  pusher lint", "  pusher build", "  pusher push"]


def test_it_lints_builds_and_pushes(tmp_path: Path) -> None:
    """The next commands work as printed; what the sample data has wrong is a finding of the push."""
    shop = tmp_path / "shop"
    pusher("init", str(shop), "--yes")
    codes = [pusher(command, "--project-dir", str(shop)).code for command in ("lint", "build", "push", "push")]
    assert codes == [0, 0, 1, 1]


def test_json_names_every_file(tmp_path: Path) -> None:
    """One object, and no question."""
    shop = tmp_path / "shop"
    ran = pusher("init", str(shop), "--json", "--no-sample-data")
    assert json.loads(ran.out) == {
        "schema_version": 1,
        "command": "init",
        "exit_code": 0,
        "errors": [],
        "project_dir": str(shop),
        "files": sorted((*SETTINGS, *shipped())),
    }


def test_without_sample_data_the_sources_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Into the current folder there is nothing to change to."""
    monkeypatch.chdir(tmp_path)
    ran = pusher("init", ".", "--no-sample-data")
    assert ran.out.splitlines()[-5:] == [
        "Next:",
        "  # name your own tables in models/staging/retail/_retail__sources.yml",
        "  pusher lint",
        "  pusher build",
        "  pusher push",
    ]


def test_nothing_is_replaced(tmp_path: Path) -> None:
    """Each file and each thing in the way of a folder is named, and nothing is written beside them."""
    (tmp_path / "models" / "tiktok").mkdir(parents=True)
    (tmp_path / "pusher.yml").write_text("mine", encoding="utf-8")
    (tmp_path / "profiles.yml").symlink_to("nowhere")
    (tmp_path / "macros").write_text("in the way", encoding="utf-8")
    (tmp_path / "notes.md").write_text("beside", encoding="utf-8")
    ran = pusher("init", str(tmp_path), "--yes", "--json", "--no-sample-data")
    errors = json.loads(ran.out)["errors"]
    assert ran.code == 2
    assert sorted((error["file"], error["message"]) for error in errors) == sorted(
        {
            ("macros", "macros is in the way: it is no folder."),
            ("profiles.yml", "profiles.yml is there already."),
            ("pusher.yml", "pusher.yml is there already."),
        }
    )
    assert errors[-1]["fix"] == "Nothing was written. Choose another folder, or move what is named here away."
    assert files(tmp_path) == ["macros", "notes.md", "pusher.yml"]


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    """What stands in the way is named."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    ran = pusher("init", str(tmp_path / "file" / "shop"), "--yes", "--no-sample-data")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.splitlines() == [
        f"error: {tmp_path}/file: The project cannot be written: File exists.",
        "  Nothing was kept. Check rights and free space, or choose another folder.",
    ]


def test_a_name_that_no_file_system_takes_is_an_error(tmp_path: Path) -> None:
    """Looking whether something is there fails already; that is no defect of ours."""
    ran = pusher("init", str(tmp_path / ("x" * 300)), "--yes", "--no-sample-data")
    assert (ran.code, ran.out) == (2, "")
    assert "The project cannot be written: File name too long." in ran.err


@pytest.mark.parametrize("failing", [1, 2, 20])
def test_a_disk_that_fills_up_leaves_nothing(tmp_path: Path, failing: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever file fails, all are taken away again, and what was there before stays."""
    shop = tmp_path / "shop"
    shop.mkdir()
    (shop / "notes.md").write_text("mine", encoding="utf-8")
    plain, opened = Path.open, 0

    def full(path: Path, mode: str = "r", *more: object, **options: object) -> object:
        nonlocal opened
        opened += mode == "xb"
        if mode == "xb" and opened == failing:
            raise OSError(28, "No space left on device", str(path))
        return plain(path, mode, *more, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(UsageError) as caught:
        new_project.write_files(shop, new_project.project_files(sample_day=None, github=False))
    monkeypatch.undo()
    (problem,) = caught.value.problems
    assert problem.message == "The project cannot be written: No space left on device."
    assert [path.name for path in shop.rglob("*")] == ["notes.md"]


def test_an_unknown_ci_is_refused(tmp_path: Path) -> None:
    """Before anything is written."""
    ran = pusher("init", str(tmp_path / "shop"), "--ci", "gitlab")
    expected = "error: --ci gitlab is not known.\n  Use --ci github.\n"
    assert (ran, list(tmp_path.iterdir())) == (Ran(2, "", expected), [])


def test_a_workflow_for_github(tmp_path: Path) -> None:
    """It lints, builds and dry-runs a pull request, may write nothing, and its commands work."""
    shop = tmp_path / "shop"
    pusher("init", str(shop), "--yes", "--ci", "github", "--no-sample-data")
    workflow = yaml.safe_load((shop / new_project.WORKFLOW_FILE).read_text("utf-8"))
    steps = [step["run"] for step in workflow["jobs"]["pusher"]["steps"] if "run" in step]
    assert workflow["permissions"] == {"contents": "read"}
    assert steps == [
        "pip install tiktok-pusher",
        "cp profiles.yml.example profiles.yml",
        "pusher lint --format github",
        "python -m pusher.sample_data data/retail",
        "pusher build",
        "pusher push --dry-run || test $? -eq 1",
    ]
    (shop / "profiles.yml").unlink()
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    for step in steps[1:]:
        ran = subprocess.run(
            ["/bin/bash", "-ec", step],
            cwd=shop,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PATH": path},
        )
        assert ran.returncode == 0, (step, ran.stderr)


@pytest.mark.parametrize(
    ("answer", "code"), [(b"y\n", 0), (b"n\n", 2), (b"\x04", 2)], ids=["yes", "no", "end of input"]
)
def test_a_person_is_asked_before_files_come_beside_others(tmp_path: Path, answer: bytes, code: int) -> None:
    """One question, on a terminal only."""
    (tmp_path / "notes.md").write_text("mine", encoding="utf-8")
    ours, theirs = pty.openpty()
    words = [sys.executable, "-m", "pusher", "init", str(tmp_path), "--no-sample-data"]
    with subprocess.Popen(
        words, stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, "TERM": "dumb"}, start_new_session=True
    ) as process:
        shown = os.read(ours, 4096).decode()
        while "[y/N]" not in shown:
            shown += os.read(ours, 4096).decode()
        os.write(ours, answer)
        assert process.wait(30) == code
    os.close(ours)
    os.close(theirs)
    assert shown.count("?") == 1
    assert (len(files(tmp_path)) > 1) == (code == 0)


class Terminal(io.StringIO):
    """What somebody types."""

    def isatty(self) -> bool:
        """Say that a person sits there."""
        return True


@pytest.mark.parametrize(("typed", "agreed"), [("y\n", True), ("n\n", False), ("\n", False), ("", False)])
def test_only_a_yes_is_a_yes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str, agreed: bool) -> None:  # noqa: FBT001 -- a table's column
    """Enter and the end of input leave the folder alone."""
    (tmp_path / "notes.md").write_text("mine", encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    monkeypatch.setattr(sys, "stderr", Terminal())
    code = run(["init", str(tmp_path), "--no-sample-data"])
    assert (code, len(files(tmp_path)) > 1) == ((0, True) if agreed else (2, False))


def test_from_the_wheel_in_an_empty_environment(tmp_path: Path) -> None:
    """The installed package brings the project and the data along; the checkout is not used."""
    python = tmp_path / "venv" / "bin" / "python"
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv")], check=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    install = ["-m", "pip", "--python", str(python), "install", "--no-index", "--no-deps", "--quiet", str(wheel)]
    subprocess.run([sys.executable, *install], check=True, capture_output=True)
    site = next((tmp_path / "venv" / "lib").glob("python*/site-packages"))
    # Its dependencies are those of this environment; a path in a .pth file is searched last, and its own are not read.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        return subprocess.run(
            [str(python.parent / "pusher"), *words],
            cwd=tmp_path / "shop" if (tmp_path / "shop").exists() else tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    where = [str(python), "-c", "import pusher; print(pusher.__file__)"]
    found = subprocess.run(where, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert Path(found.strip()) == site / "pusher" / "__init__.py"
    ran = [run(*words.split()) for words in ("init shop --yes", "lint", "build", "push", "push")]
    assert [one.returncode for one in ran] == [0, 0, 0, 1, 1]
    assert ran[1].stdout == "12 models: 0 errors, 0 warnings, 0 notes\n"
    assert ran[2].stdout.splitlines()[-1] == "built 12 models"
    assert "sent 0, already sent " in ran[4].stdout
