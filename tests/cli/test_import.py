"""A query becomes models: all files or none, no file replaced, and what cannot be carried over is told."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.cli.conftest import pusher
from tests.importer.support import bring, make_project

QUERY = """\
select
    'Lead' as event,
    t.id as event_id,
    t.sent_at as event_time,
    t.email
from forms t
"""
FILES = [
    "models/intermediate/int_leads__selected.sql",
    "models/staging/platform/_platform__leads_models.yml",
    "models/staging/platform/_platform__leads_sources.yml",
    "models/staging/platform/stg_platform__forms.sql",
    "models/tiktok/_tiktok_leads__models.yml",
    "models/tiktok/tiktok_leads.sql",
]


def files(root: Path) -> list[str]:
    """Return the files among a project's models."""
    return sorted(path.relative_to(root).as_posix() for path in (root / "models").rglob("*") if path.is_file())


def test_it_says_what_it_wrote_and_what_changed(tmp_path: Path) -> None:
    """The files, one line for each change with its place, and what to do next."""
    make_project(tmp_path)
    ran = bring(tmp_path, "leads", QUERY, "--dialect", "presto")
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[:7] == ["wrote 6 files for offline_events:", *(f"  {name}" for name in FILES)]
    assert lines[8] == "2 changes of meaning:"
    query = (tmp_path / "leads.sql").as_posix()
    assert lines[9] == (
        f"{query}:4:5: assumed: `forms.sent_at` is taken for `timezone: UTC`. The zone of times without one, for "
        "sources; say another with --timezone, or in the YAML."
    )
    assert lines[10] == (
        f"{query}:5:5: identity: `t.email` becomes `{{{{ hashed_email('t.email') }}}}`. The platform hashed it on its "
        "way to TikTok; the project's macro normalises and hashes it."
    )
    assert lines[-3:] == ["Next:", "  pusher lint", "  pusher build --select +tiktok_leads"]
    assert files(tmp_path) == FILES


def test_a_dry_run_prints_the_files_and_writes_none(tmp_path: Path) -> None:
    """Each with its path before it."""
    make_project(tmp_path)
    ran = bring(tmp_path, "leads", QUERY, "--dialect", "presto", "--dry-run")
    assert ran.code == 0
    assert [line.removeprefix("-- ") for line in ran.out.splitlines() if line.startswith("-- models/")] == FILES
    assert "would write 6 files for offline_events:" in ran.out
    assert "{{ hashed_email('email') }} as email" in ran.out
    assert files(tmp_path) == []


def test_json_has_the_files_and_the_changes(tmp_path: Path) -> None:
    """One object, with the text of each file."""
    make_project(tmp_path)
    answer = bring(tmp_path, "leads", QUERY, "--dialect", "presto", "--json", "--timezone", "Europe/Berlin").json
    named = ("command", "exit_code", "errors", "dialect", "view", "payload", "dry_run")
    assert {key: answer[key] for key in named} == {
        "command": "import", "exit_code": 0, "errors": [], "dialect": "presto", "view": "tiktok_leads",
        "payload": "offline_events", "dry_run": False,
    }  # fmt: skip
    assert [one["path"] for one in answer["files"]] == FILES
    for one in answer["files"]:
        assert one["text"] == (tmp_path / one["path"]).read_text(encoding="utf-8")
    staging = next(one["text"] for one in answer["files"] if one["path"].endswith("stg_platform__forms.sql"))
    assert "{{ utc_from_local('sent_at', 'Europe/Berlin') }} as sent_at" in staging
    assert [one["kind"] for one in answer["changes"]] == ["assumed", "identity"]


def test_no_file_is_replaced(tmp_path: Path) -> None:
    """Exit 2, each file that stands is named, and nothing of the rest is written."""
    make_project(tmp_path)
    assert bring(tmp_path, "leads", QUERY, "--dialect", "presto").code == 0
    (tmp_path / FILES[0]).write_text("select 1 as mine\n")
    (tmp_path / FILES[1]).unlink()
    left = [FILES[0], *FILES[2:]]
    again = bring(tmp_path, "leads", QUERY, "--dialect", "presto", "--json")
    assert again.code == 2
    assert [(one["code"], one["file"]) for one in again.json["errors"]] == [("file-exists", name) for name in left]
    assert (tmp_path / FILES[0]).read_text() == "select 1 as mine\n"
    assert files(tmp_path) == left


def test_names_that_the_project_has_are_told(tmp_path: Path) -> None:
    """A model of the name in another folder, and a source of the name in another file."""
    make_project(tmp_path)
    bring(tmp_path, "leads", QUERY, "--dialect", "presto")
    (tmp_path / "models/mine").mkdir()
    for name in FILES:
        (tmp_path / name).rename(tmp_path / "models/mine" / Path(name).name)
    again = bring(tmp_path, "leads", QUERY, "--dialect", "presto", "--json")
    assert again.code == 2
    assert [(one["code"], one["message"]) for one in again.json["errors"]] == [
        ("model-exists", "The project has a model `int_leads__selected`."),
        ("model-exists", "The project has a model `stg_platform__forms`."),
        ("model-exists", "The project has a model `tiktok_leads`."),
        ("source-exists", "The project has a source platform.forms."),
    ]
    other = bring(tmp_path, "leads", QUERY, "--dialect", "presto", "--name", "forms", "--source", "web")
    assert other.code == 0


def test_macros_have_to_be_there(tmp_path: Path) -> None:
    """Models that would not compile are not written."""
    make_project(tmp_path)
    for path in (tmp_path / "macros/identity").glob("hashed_email*"):
        path.unlink()
    ran = bring(tmp_path, "leads", QUERY, "--dialect", "presto", "--json")
    assert ran.code == 2
    problem = ran.json["errors"][0]
    assert (problem["code"], problem["message"]) == (
        "missing-macro",
        "The models call the macro `hashed_email`, which the project does not have.",
    )
    assert files(tmp_path) == []


def test_a_query_from_stdin_needs_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its places are those of stdin."""
    make_project(tmp_path)
    words = ("import", "-", "--dialect", "presto", "--project-dir", str(tmp_path))
    for name, code in (((), 2), (("--name", "leads"), 0)):
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(QUERY.encode())))
        ran = pusher(*words, *name)
        assert ran.code == code
    assert "stdin:5:5: identity" in ran.out
    assert files(tmp_path) == FILES


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "The query cannot be read: No such file or directory."), (b"\xff\xfe", "The query is no text in UTF-8.")],
)
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, content: bytes | None, message: str) -> None:
    """With its name."""
    make_project(tmp_path)
    path = tmp_path / "query.sql"
    if content is not None:
        path.write_bytes(content)
    problem = pusher("import", str(path), "--dialect", "presto", "--json", "--project-dir", str(tmp_path)).json[
        "errors"
    ][0]
    assert (problem["code"], problem["message"], problem["file"]) == ("no-query", message, path.as_posix())


def test_another_folder_of_models_is_used(tmp_path: Path) -> None:
    """The first of `model-paths`."""
    make_project(tmp_path)
    (tmp_path / "dbt_project.yml").write_text("name: shop\nprofile: shop\nmodel-paths: [sql]\n")
    assert bring(tmp_path, "leads", QUERY, "--dialect", "presto", "--country", "de").code == 0
    assert (tmp_path / "sql/tiktok/tiktok_leads.sql").exists()
