"""The generated projects are the same work for every program that builds them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from benchmarks.builds import PROJECTS, Builds, measure


def relations(root: Path, project: str) -> dict[str, Any]:
    """Return the rows of every relation, in no order."""
    with duckdb.connect(str(root / f"{project}.duckdb"), read_only=True) as connection:
        names = connection.execute("select table_name from information_schema.tables order by all").fetchall()
        return {name: connection.execute(f"select * from {name} order by all").fetchall() for (name,) in names}


@pytest.mark.parametrize(("project", "count"), [("toy", 6), ("wide", 200)])
def test_the_runner_builds_what_pusher_builds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, project: str, count: int
) -> None:
    """Every relation with all its rows."""
    builds = Builds(tmp_path / "work", peers=False)
    found = []
    for program in builds.programs:
        assert builds.build(program, project).exit_code == 0
        # Views over files keep the path as it was written, relative to the folder of the build.
        monkeypatch.chdir(builds.copies[project])
        found.append(relations(builds.copies[project], project))
    assert found[0] == found[1]
    assert len(found[0]) == count


def test_every_figure_is_measured(tmp_path: Path) -> None:
    """With its bound; what is measured here means nothing."""
    figures = measure(1, tmp_path, peers=False, quiet_s=0)
    assert [(figure.name, figure.bound is not None) for figure in figures] == [
        *((f"{project}-runner", True) for project in PROJECTS),
        ("flat-workers", True),
        ("wide-ls", True),
        ("wide-compile", True),
        ("wide-build", True),
    ]
    assert all(value > 0 for figure in figures for value in (*figure.ours, *figure.baseline))
    assert list(tmp_path.iterdir()) == []
