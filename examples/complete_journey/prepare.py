"""Make the example a complete project: copy the repository's macros and a profile into it.

    python examples/complete_journey/prepare.py

A project reads nothing outside its own folder, and the macros are kept once in the repository, so the copy stays out
of version control and is made anew each time. A profile that is there already is kept.
"""

from __future__ import annotations

import shutil
from pathlib import Path

PROJECT = Path(__file__).resolve().parent
MACROS = PROJECT.parents[1] / "macros"


def prepare(project: Path = PROJECT, macros: Path = MACROS) -> None:
    """Copy macros and profile into a project's folder."""
    copy = project / "macros"
    if copy.exists():
        shutil.rmtree(copy)
    shutil.copytree(macros, copy)
    profile = project / "profiles.yml"
    if not profile.exists():
        shutil.copyfile(project / "profiles.yml.example", profile)


if __name__ == "__main__":
    prepare()
    print(f"{PROJECT}: macros and profile are in place")
