"""A project with the shipped macros, and what explains a value in it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.explain.explaining import ROOT, VARIABLES, Explain
from tests.conftest import ProjectFactory


@pytest.fixture
def shop(project: ProjectFactory) -> Path:
    """Return a project with the shipped macros and no model."""
    root = project({"dbt_project.yml": VARIABLES, "models/nothing.sql": "select 1 as a\n"})
    shutil.copytree(ROOT / "macros", root / "macros")
    return root


@pytest.fixture
def explain(shop: Path, monkeypatch: pytest.MonkeyPatch) -> Explain:
    """Return what runs the command."""
    return Explain(shop, monkeypatch)
