"""Small projects on disk for tests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pusher.compile import Manifest, load
from pusher.config import Profile, load_project_file
from pusher.errors import PusherError

STARTED = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
PROJECT = "name: shop\nprofile: shop\n"


def write(root: Path, files: Mapping[str, str]) -> Path:
    """Write a project; dbt_project.yml is added when it is not given."""
    for name, text in {"dbt_project.yml": PROJECT, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def profile(root: Path) -> Profile:
    """Return a profile whose database is `shop.duckdb` in the project."""
    return Profile("shop", "dev", str(root / "shop.duckdb"), "main", 4, {}, None, {})


def compiled(root: Path, files: Mapping[str, str], **variables: Any) -> Manifest:
    """Write and load a project."""
    write(root, files)
    return load(load_project_file(root), profile(root), vars=variables, run_started_at=STARTED)


def problems(error: PusherError) -> list[tuple[str, str, str, str | None]]:
    """Return what was wrong, as (code, place, message, fix)."""
    return [(one.code, one.place, one.message, one.fix) for one in error.problems]


def refused(root: Path, files: Mapping[str, str], **variables: Any) -> list[tuple[str, str, str, str | None]]:
    """Write a project that must not load, and return its problems."""
    with pytest.raises(PusherError) as caught:
        compiled(root, files, **variables)
    assert caught.value.exit_code == 2
    return problems(caught.value)
