"""Cases of the importer as SQL files: a query, the tables that it reads, and what becomes of them."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from tests.cli.conftest import Ran, pusher

ROOT = Path(__file__).parents[2]
CASES = Path(__file__).parent / "cases"
AS_OF = "{as_of: '2026-11-20 12:00:00'}"
PROJECT = """\
name: shop
profile: shop
vars:
  default_country: US
"""
PROFILES = """\
shop:
  target: dev
  outputs:
    dev: {type: duckdb, path: shop.duckdb}
pusher:
  dev:
    tiktok:
      base_url: sandbox
      advertiser_ids: ["7654321098765432109"]
      event_set_id: "7654321098765432109"
      pixel_code: C4A1B2C3D4E5F6G7H8I9
"""
_SECTION = re.compile(r"^-- (tables|expect|refused|changes|lint):\n", re.MULTILINE)
_OPTIONS = re.compile(r"^-- options: (.*)\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Case:
    """One query.

    Attributes:
        name: File name without ending; it begins with the dialect.
        query: As the platform runs it.
        options: Options of the command.
        tables: SQL that makes its tables.
        rows: Rows of the view, as JSON lines.
        refused: What cannot be carried over, as lines.
        changes: What changes in meaning, as lines.
        lint: Findings above notes, as lines.
    """

    name: str
    query: str
    options: tuple[str, ...]
    tables: str
    rows: list[dict[str, Any]]
    refused: list[str]
    changes: list[str]
    lint: list[str]

    @property
    def dialect(self) -> str:
        """The dialect of the query."""
        return self.name.partition("_")[0]


def read_case(path: Path) -> Case:
    """Read a case file."""
    query, *rest = _SECTION.split(path.read_text(encoding="utf-8"))
    sections = dict(zip(rest[::2], rest[1::2], strict=True))
    found = _OPTIONS.search(query)
    return Case(
        name=path.stem,
        query=_OPTIONS.sub("", query),
        options=tuple(found[1].split()) if found else (),
        tables=sections.get("tables", ""),
        rows=[_row(line) for line in sections.get("expect", "").splitlines()],
        refused=sections.get("refused", "").splitlines(),
        changes=sections.get("changes", "").splitlines(),
        lint=sections.get("lint", "").splitlines(),
    )


def _row(line: str) -> dict[str, Any]:
    """Return an expected row; `sha256:`, `md5:` and `event_id:` stand for what is made of the text behind them."""
    row: dict[str, Any] = json.loads(line)
    for name, value in row.items():
        kind, sign, text = value.partition(":") if isinstance(value, str) else ("", "", "")
        if sign and kind == "sha256":
            row[name] = hashlib.sha256(text.encode()).hexdigest()
        elif sign and kind == "md5":
            row[name] = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
        elif sign and kind == "event_id":
            parts = "".join(f"{len(one)}:{one}" for one in (row["event"], text))
            row[name] = hashlib.sha256(f"v1{parts}".encode()).hexdigest()[:32]
    return row


def make_project(root: Path, tables: str = "") -> None:
    """Write a project without models, whose warehouse has some tables."""
    shutil.copytree(ROOT / "macros", root / "macros")
    (root / "models").mkdir()
    (root / "dbt_project.yml").write_text(PROJECT)
    (root / "profiles.yml").write_text(PROFILES)
    with duckdb.connect(root / "shop.duckdb") as connection:
        connection.execute(tables or "select 1")


def bring(root: Path, name: str, query: str, *words: str) -> Ran:
    """Run the import of a query."""
    path = root / f"{name}.sql"
    path.write_text(query, encoding="utf-8")
    return pusher("import", str(path), "--project-dir", str(root), *words)


def rows_of(root: Path, view: str) -> list[dict[str, Any]]:
    """Return the rows of a built view as they are compared: times and amounts as text."""
    with duckdb.connect(root / "shop.duckdb", read_only=True) as connection:
        relation = connection.sql(f"select * from {view} order by all")
        names = relation.columns
        return [{name: _plain(value) for name, value in zip(names, row, strict=True)} for row in relation.fetchall()]


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return value if value is None or isinstance(value, (int, str, bool)) else str(value)
