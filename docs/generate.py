"""Writes the generated reference pages, or checks that they are up to date.

::

    python -m docs.generate
    python -m docs.generate --check
"""

from __future__ import annotations

import argparse
import difflib
import importlib
import importlib.util
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from docs import commands, exit_codes, ledger

REFERENCE = Path(__file__).parent / "reference"
# Pages whose text another module writes; a module that is not there yet has no page.
_ELSEWHERE = {
    "contract.md": "pusher.destinations.tiktok.reference",
    "lint-rules.md": "pusher.lint.reference",
}
_SHOWN_LINES = 12


def pages() -> Mapping[str, Callable[[], str]]:
    """Return the file name of each generated page with the function that writes its text."""
    found: dict[str, Callable[[], str]] = {
        "commands.md": commands.page,
        "exit-codes.md": exit_codes.page,
        "ledger.md": ledger.page,
    }
    for name, module in _ELSEWHERE.items():
        if importlib.util.find_spec(module) is not None:
            found[name] = importlib.import_module(module).reference
    return found


def write(folder: Path) -> list[str]:
    """Write every page; returns the names of those that changed."""
    changed = []
    for name, text_of in pages().items():
        path, text = folder / name, text_of()
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            changed.append(name)
    return changed


def stale(folder: Path) -> dict[str, list[str]]:
    """Return the pages that are not up to date, each with the difference."""
    found = {}
    for name, text_of in pages().items():
        path = folder / name
        old = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        difference = list(difflib.unified_diff(old, text_of().splitlines(), name, f"{name} (new)", lineterm="", n=0))
        if difference:
            found[name] = difference
    return found


def main(arguments: list[str] | None = None) -> int:
    """Run the script; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m docs.generate", description="Write the generated pages.")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when a page is stale")
    if not parser.parse_args(arguments).check:
        for name in write(REFERENCE):
            sys.stdout.write(f"wrote docs/reference/{name}\n")
        return 0
    found = stale(REFERENCE)
    for name, difference in found.items():
        sys.stdout.write(f"docs/reference/{name} is stale: {len(difference)} lines of difference\n")
        sys.stdout.writelines(f"  {line}\n" for line in difference[:_SHOWN_LINES])
    if found:
        sys.stdout.write("Run `make docs` and commit the result.\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
