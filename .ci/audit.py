"""What `make audit` ends with: 0 nothing is known, 1 something is, 2 not everything could be looked up.

pip-audit ends with 0 although it found no package in the database at all; here that is no all-clear.

    python .ci/audit.py REPORT.json LOG.txt
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

_MOST_NAMES = 5


def verdict(report: str | None, log: str) -> tuple[int, list[str]]:
    """Return an exit code and lines for a person.

    Args:
        report: pip-audit's report as JSON, or None when it wrote none.
        log: What pip-audit complained of.
    """
    if report is None:
        last = log.strip().splitlines()[-1:] or ["it said nothing"]
        return 2, [f"Nothing was looked up: {last[0]}", "Run it again where https://pypi.org can be reached."]
    listed = json.loads(report)["dependencies"]
    known = [(one["name"], one["version"], flaw) for one in listed for flaw in one.get("vulns", ())]
    skipped = [one["name"] for one in listed if "skip_reason" in one]
    lines = [
        f"{name} {version}: {flaw['id']}, fixed in {', '.join(flaw['fix_versions']) or 'no release yet'}"
        for name, version, flaw in known
    ]
    if skipped or not listed:
        some = ", ".join(skipped[:_MOST_NAMES]) + (", ..." if len(skipped) > _MOST_NAMES else "")
        lines.append(f"{len(skipped)} of {len(listed)} packages could not be looked up: {some or 'none is pinned'}")
        lines.append(
            "Run it again where https://pypi.org can be reached; an index of one's own knows no vulnerabilities."
        )
    if not lines:
        lines = [f"No vulnerability is known in any of {len(listed)} packages."]
    return 1 if known else 2 if skipped or not listed else 0, lines


def main(report: Path, log: Path) -> int:
    """Print the lines and return the exit code."""
    found = report.read_text("utf-8") if report.is_file() else None
    code, lines = verdict(found, log.read_text("utf-8", errors="replace"))
    sys.stdout.write("\n".join(lines) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
