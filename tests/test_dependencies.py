"""What the project needs and what is pinned agree."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]


def pins() -> dict[str, tuple[str, int]]:
    """Return version and number of hashes of each pinned package."""
    entries = re.split(r"\n(?=\S)", (ROOT / "requirements.lock").read_text("utf-8").strip())
    found: dict[str, tuple[str, int]] = {}
    for entry in entries:
        requirement = Requirement(entry.partition("\\")[0].strip())
        (pin,) = requirement.specifier
        found[canonicalize_name(requirement.name)] = (str(pin.version), entry.count("--hash=sha256:"))
    return found


def test_every_declared_dependency_is_pinned_within_its_range() -> None:
    """`make lock` was run after the last change of pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    declared = [
        Requirement(text) for text in (*project["project"]["dependencies"], *project["dependency-groups"]["dev"])
    ]
    pinned = pins()
    wrong = [
        str(requirement)
        for requirement in declared
        if not requirement.specifier.contains(pinned.get(canonicalize_name(requirement.name), ("0.dev0", 0))[0])
    ]
    assert wrong == []


def test_every_pin_has_hashes() -> None:
    """Pip refuses a file that is not one of those that were pinned."""
    assert [name for name, (_, hashes) in pins().items() if hashes == 0] == []
