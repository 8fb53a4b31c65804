"""Floors of identity coverage in pusher.yml."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.conftest import pusher
from tests.cli.test_identity_coverage import Sold, build, write
from tests.conftest import ProjectFactory

DAY = "2026-11-19"
# Of 30 orders 3 have an address only, 6 a number only, 9 both.
SOLD: list[Sold] = [
    *([("A", DAY, True, False)] * 3),
    *([("A", DAY, False, True)] * 6),
    *([("B", DAY, True, True)] * 9),
    *([("B", DAY, False, False)] * 12),
]
FIX = (
    "Look where they are missing, by store and day, with `pusher build --select offline --json`, and correct the "
    "source or the model; lower the floor only if fewer are right."
)


def policy(floors: str) -> str:
    """Return a pusher.yml with floors of the view."""
    return f"identity:\n  floors:\n    offline: {floors}\n"


def error(code: str, message: str, fix: str, *, line: int = 3, column: int = 15) -> dict[str, Any]:
    """Return an error in pusher.yml."""
    return {"code": code, "message": message, "file": "pusher.yml", "line": line, "column": column, "fix": fix}


def test_a_build_on_its_floors_is_fine(project: ProjectFactory) -> None:
    """Exactly the share is enough, also where a binary fraction of it would be a little more."""
    root = write(project, SOLD, policy=policy("{any: 0.6, both: 0.3, email: 0.4, phone: 0.5}"))
    assert build(root).code == 0
    one_in_ten = write(project, [SOLD[0], *([SOLD[-1]] * 9)] * 3, policy=policy("{email: 0.1}"))
    assert build(one_in_ten).code == 0


@pytest.mark.parametrize(
    ("kind", "floor", "counted"),
    [
        ("any", "0.61", "18 of 30 rows (60.0 %) hold an identifier; the floor is 61 %"),
        ("both", "1", "9 of 30 rows (30.0 %) hold an e-mail address and a phone number; the floor is 100 %"),
        ("email", "0.405", "12 of 30 rows (40.0 %) hold a usable `email`; the floor is 40.5 %"),
        ("phone", "0.5001", "15 of 30 rows (50.0 %) hold a usable `phone`; the floor is 50.01 %"),
    ],
)
def test_a_build_below_a_floor_ends_with_1(project: ProjectFactory, kind: str, floor: str, counted: str) -> None:
    """View, count, floor, its place and what to do; what was built stays."""
    root = write(project, SOLD, policy=policy(f"{{{kind}: {floor}}}"))
    ran = build(root, "--json")
    assert ran.code == 1
    assert ran.json["errors"] == [error("identity-floor", f"offline: {counted}.", FIX)]
    assert [one["status"] for one in ran.json["models"]] == ["built"]


def test_a_share_just_below_the_floor_does_not_look_like_it(project: ProjectFactory) -> None:
    """59.99 % is told as 59.9 %."""
    sold = [SOLD[0]] * 5999 + [SOLD[-1]] * 4001
    ran = build(write(project, sold, policy=policy("{any: 0.6}")))
    first = ran.err.splitlines()[0]
    assert (ran.code, first) == (
        1,
        "error: pusher.yml:3:15: offline: 5,999 of 10,000 rows (59.9 %) hold an identifier; the floor is 60 %.",
    )


def test_a_view_without_rows_or_outside_of_the_build_reaches_every_floor(project: ProjectFactory) -> None:
    """There is nothing to measure."""
    root = write(project, [], policy=policy("{any: 1}"))
    (root / "models/other.sql").write_text("select 1 as a\n")
    assert (build(root).code, build(root, "--select", "other").code) == (0, 0)


@pytest.mark.parametrize("command", ["build", "lint"])
def test_floors_of_what_is_not_there_are_refused(project: ProjectFactory, command: str) -> None:
    """A misspelt view or identifier would be a floor that never fails."""
    text = "identity:\n  floors:\n    ofline: {any: 0.5}\n    offline: {emial: 0.5, ttclid: 0.5, any: 0.5}\n"
    ran = pusher(command, "--project-dir", str(write(project, SOLD, policy=text)), "--json")
    assert ran.code == 2
    assert ran.json["errors"] == [
        error("unknown-view", "`ofline` is no destination view.", "Did you mean `offline`?", column=14),
        error("unknown-key", "`emial` is no identifier of offline.", "Did you mean `email`?", line=4),
        error(
            "unknown-key",
            "`ttclid` is no identifier of offline.",
            "Known keys: any, both, email, phone.",
            line=4,
            column=27,
        ),
    ]
