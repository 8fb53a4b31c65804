"""Variants of the shipped models: an edit that breaks them, and everything that lint must say about it."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cli.conftest import pusher

ROOT = Path(__file__).resolve().parents[2]
VARIANTS = Path(__file__).parent / "variants"
_EDIT = re.compile(
    r"^-- file: (?P<file>\S+)\n-- replace:\n(?P<old>.*?)^-- with:\n(?P<new>.*?)(?=^-- )", re.MULTILINE | re.DOTALL
)
_EXPECTED = re.compile(r"^-- (?P<key>expect|fix): (?P<text>.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Edit:
    """One passage of a shipped file, and what stands there in the variant."""

    file: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Variant:
    """One broken variant.

    Attributes:
        edits: What is changed in the shipped files.
        expected: What lint says: place and message, then what to do, for each finding or error.
    """

    edits: tuple[Edit, ...]
    expected: tuple[str, ...]


def read_variant(path: Path) -> Variant:
    """Read a variant: edits first, then the findings."""
    text = path.read_text(encoding="utf-8")
    edits = tuple(Edit(found["file"], found["old"], found["new"]) for found in _EDIT.finditer(text))
    expected = tuple(f"{found['key']}: {found['text']}" for found in _EXPECTED.finditer(text))
    return Variant(edits, expected)


def copy_shipped(root: Path) -> None:
    """Copy the shipped project; of the settings, the example's."""
    for folder in ("models", "macros"):
        shutil.copytree(ROOT / folder, root / folder)
    for name in ("dbt_project.yml", "pusher.yml"):
        shutil.copyfile(ROOT / name, root / name)
    shutil.copyfile(ROOT / "profiles.yml.example", root / "profiles.yml")


def apply(variant: Variant, root: Path) -> None:
    """Make the edits; each passage stands in its file exactly once."""
    for edit in variant.edits:
        path = root / edit.file
        text = path.read_text(encoding="utf-8")
        assert text.count(edit.old) == 1, f"{edit.file} has this {text.count(edit.old)} times: {edit.old}"
        path.write_text(text.replace(edit.old, edit.new), encoding="utf-8")


def told(root: Path) -> tuple[str, ...]:
    """Return what `pusher lint --json` says about a project, errors first."""
    answer = pusher("lint", "--json", "--project-dir", str(root)).json
    lines: list[str] = []
    for error in answer["errors"]:
        lines += _lines(error, f"error {error['code']}", error["fix"])
    for finding in answer.get("findings", []):
        what = f"{finding['severity']} {finding['rule']} {finding['name']}"
        lines += _lines(finding, what, finding["fix"] and finding["fix"]["description"])
    return tuple(lines)


def _lines(one: dict[str, Any], what: str, fix: str | None) -> list[str]:
    place = ":".join(str(one[part]) for part in ("file", "line", "column") if one[part] is not None)
    return [f"expect: {place}: {what}: {one['message']}", f"fix: {fix}"]
