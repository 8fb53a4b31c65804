"""The project with hooks and queries becomes what dbt makes of it; `ask_dbt.py` keeps dbt's answers."""

from __future__ import annotations

import json
from pathlib import Path

from pusher.project.facade import LoadOptions, Project
from tests.dbt.ask_dbt import KIOSK, KIOSK_STEPS, copied_kiosk, rows_of


def test_hooks_and_queries_give_what_they_give_in_dbt(tmp_path: Path) -> None:
    """Values of every type, rows of what the build has just made, its own table; hooks in order, built twice."""
    root, found = copied_kiosk(tmp_path), []
    for variables in KIOSK_STEPS:
        Project.load(LoadOptions(root, vars=variables)).build()
        found.append(rows_of(root / "kiosk.duckdb"))
    assert found == json.loads(KIOSK.read_text("utf-8"))
