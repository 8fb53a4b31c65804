"""The files of an audience: their text, their sizes and their signatures."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from pusher.destinations.tiktok import destination
from pusher.destinations.tiktok.facts import tables
from pusher.ledger.barred import Barred
from pusher.ledger.comparison import Comparison
from pusher.ledger.members import split_digest
from pusher.ledger.uploads import WholeSet, keep_members, write_whole_set
from pusher.payload.audience_files import FileRules, identifiers

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
KINDS = ("EMAIL_SHA256", "PHONE_SHA256", "IDFA_SHA256", "AAID_SHA256")


def digest(text: str) -> str:
    """Return the digest of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def written(
    folder: Path,
    rows: Sequence[Mapping[str, Any]],
    *,
    most_bytes: int = 10**6,
    suppressed: Sequence[tuple[str, str]] = (),
    members: Sequence[Path] = (),
    keep: bool = False,
) -> WholeSet:
    """Write the rows of a view, each kind with a list of digests."""
    kinds = [kind for kind in KINDS if any(kind in row for row in rows)]
    given = pa.table({kind: pa.array([row.get(kind) for row in rows], pa.list_(pa.string())) for kind in kinds})
    halves = ", ".join(f'list_transform("{kind}", lambda d: {split_digest("d")}) as "{kind}"' for kind in kinds)
    folder.mkdir()
    with duckdb.connect() as connection:
        connection.register("given", given)
        connection.execute(
            f"copy (select {halves}, 0 as _dropped, 0 as _raw, false as _nobody from given) to '{folder}/view.parquet'"
        )
    with Comparison(
        folder=folder / "changes",
        staged=[folder / "view.parquet"],
        schemas=dict.fromkeys(kinds, True),
        kinds=KINDS,
        members=members,
        suppressed=Barred(suppressed),
        now=NOW,
    ) as comparison:
        comparison.compare()
        if keep:
            keep_members(comparison)
        layout = destination.file_audiences.layout(kinds)
        return write_whole_set(comparison, layout, most_bytes=most_bytes, most_columns=3, now=NOW)


def texts(found: WholeSet) -> list[str]:
    """Return the text of each file; its size and its signature are right, and nobody else may read it."""
    for one in found.uploads:
        data = one.path.read_bytes()
        assert (one.bytes, one.md5) == (len(data), hashlib.md5(data, usedforsecurity=False).hexdigest())
        assert stat.S_IMODE(one.path.stat().st_mode) == 0o600
    return [one.path.read_text("ascii") for one in found.uploads]


def test_one_kind_is_a_digest_on_each_line(tmp_path: Path) -> None:
    """Each once, without a header, in an order that says nothing about the view's."""
    (a, b, c) = map(digest, "abc")
    found = written(tmp_path / "x", [{"EMAIL_SHA256": [a, b]}, {"EMAIL_SHA256": [c, a]}, {"EMAIL_SHA256": None}])
    assert texts(found) == ["".join(f"{one}\n" for one in sorted([a, b, c]))]
    assert found.members.rows == 3


def test_several_kinds_stand_side_by_side_under_a_header(tmp_path: Path) -> None:
    """Up to three of a kind in a line; who has more has another line; ids of both kinds of phone share a header."""
    e, p, m = ([digest(f"{kind} {number}") for number in range(9)] for kind in "epm")
    rows = [
        {"EMAIL_SHA256": e[0:4], "PHONE_SHA256": p[0:2]},
        {"EMAIL_SHA256": [e[4]], "IDFA_SHA256": [m[0]], "AAID_SHA256": [m[1]]},
        {"PHONE_SHA256": [p[2]], "EMAIL_SHA256": [e[4]]},
    ]
    (text,) = texts(written(tmp_path / "x", rows))
    first = sorted(e[0:4])
    numbers = sorted(p[0:2])
    lines = [
        [*first[:3], *numbers, "", ""],
        [first[3], "", "", "", "", "", ""],
        # An address that two rows name stays with the first of them.
        [e[4], "", "", "", "", m[0], m[1]],
        ["", "", "", p[2], "", "", ""],
    ]
    header = "email_SHA256,email_SHA256,email_SHA256,phone_SHA256,phone_SHA256,MAID_SHA256,MAID_SHA256\n"
    assert text == header + "".join(sorted(",".join(line) + "\n" for line in lines))


def test_what_is_written_is_what_the_validator_takes(tmp_path: Path) -> None:
    """Read back by the rules of the contract, the files hold every identifier once."""
    people = [
        {"EMAIL_SHA256": [digest(f"e{n}-{i}") for i in range(n % 5)], "PHONE_SHA256": [digest(f"p{n}")]}
        for n in range(200)
    ]
    found = written(tmp_path / "x", people, most_bytes=3_000)
    read: list[str] = []
    rules = FileRules.of(tables("audience"))
    for text in texts(found):
        for _, columns in identifiers(text.splitlines(keepends=True), "MULTIPLE_TYPES", rules):
            read += [cell for _, cells in columns for cell in cells]
    wanted = [one for person in people for column in person.values() for one in column]
    assert sorted(read) == sorted(wanted)
    assert len(found.uploads) > 10
    assert max(one.bytes for one in found.uploads) <= 3_000


@pytest.mark.parametrize(
    ("most_bytes", "sizes"), [(650, [10, 10, 5]), (700, [10, 10, 5]), (1_625, [25]), (64, [1] * 25)]
)
def test_files_end_at_the_last_line_that_fits(tmp_path: Path, most_bytes: int, sizes: list[int]) -> None:
    """A line is never cut."""
    emails = [digest(str(number)) for number in range(25)]
    found = texts(written(tmp_path / "x", [{"EMAIL_SHA256": [one]} for one in emails], most_bytes=most_bytes))
    assert [text.count("\n") for text in found] == sizes
    assert "".join(found) == "".join(f"{one}\n" for one in sorted(emails))


def test_the_digest_is_of_the_set(tmp_path: Path) -> None:
    """Another order is the same set; another member is another one; who is suppressed is none."""
    (a, b, c) = map(digest, "abc")
    sets = [[a, b], [b, a, a], [a], [a, c], [a, b, c]]
    found = [written(tmp_path / str(place), [{"EMAIL_SHA256": one}]) for place, one in enumerate(sets)]
    people = [{"EMAIL_SHA256": [a, b]}, {"EMAIL_SHA256": [c]}]
    barred = written(tmp_path / "barred", people, suppressed=[("EMAIL_SHA256", c)])
    digests = [one.digest for one in found]
    assert digests[0] == digests[1] == barred.digest
    assert len(set(digests)) == 4
    assert {len(one) for one in digests} == {32}


def test_the_members_can_be_kept_without_who_is_suppressed(tmp_path: Path) -> None:
    """A view that lost too many changes nobody but them."""
    (a, b, c) = map(digest, "abc")
    before = written(tmp_path / "before", [{"EMAIL_SHA256": [a, b, c]}])
    kept = written(
        tmp_path / "after",
        [{"EMAIL_SHA256": [a]}],
        members=[before.members.path],
        suppressed=[("EMAIL_SHA256", b)],
        keep=True,
    )
    assert texts(kept) == ["".join(f"{one}\n" for one in sorted([a, c]))]
