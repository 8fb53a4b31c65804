"""What a clone and an installation have."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_module_is_under_version_control_and_in_the_wheel(tmp_path: Path) -> None:
    """A folder that .gitignore names by accident works here, and is in no clone and in no installation."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "pusher").rglob("*.py")}
    with zipfile.ZipFile(wheel) as packed:
        assert modules - set(packed.namelist()) == set()

    command = ["git", "ls-files", "--others", "--ignored", "--exclude-standard", "pusher", "tests"]
    ignored = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    assert [name for name in ignored if name.endswith(".py")] == []
