"""The made-up shop: the same bytes for a seed and a day, written whole, and kept while they are young."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path

import pytest

from pusher.sample_data import make_files
from pusher.sample_data.__main__ import main

DAY, WORDS = "2026-11-20", ["--today", "2026-11-20", "--orders", "100"]


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of the files in a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_seed_and_a_day_give_the_same_bytes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Twice the same, and another shop for another seed."""
    main([str(tmp_path / "a"), *WORDS])
    main([str(tmp_path / "b"), *WORDS])
    main([str(tmp_path / "c"), *WORDS, "--seed", "8"])
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert contents(tmp_path / "a")["customers.csv"] != contents(tmp_path / "c")["customers.csv"]
    assert json.loads(contents(tmp_path / "a")["generated.json"]) == {"seed": 7, "orders": 100, "today": DAY}
    assert capsys.readouterr().out.splitlines()[0].startswith(f"{tmp_path}/a: 100 orders in ")


@pytest.mark.parametrize(
    ("today", "more", "kept"),
    [
        ("2026-11-29", ["--reuse-days", "10"], True),
        ("2026-11-30", ["--reuse-days", "10"], False),
        ("2026-11-19", ["--reuse-days", "10"], False),
        ("2026-11-21", [], False),
        ("2026-11-21", ["--reuse-days", "10", "--seed", "8"], False),
        ("2026-11-21", ["--reuse-days", "10", "--orders", "101"], False),
    ],
    ids=["young", "old", "of tomorrow", "not asked", "other seed", "other size"],
)
def test_young_data_is_kept_when_that_is_asked_for(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    today: str,
    more: list[str],
    kept: bool,  # noqa: FBT001 -- a table's column
) -> None:
    """Its ledger would see other events otherwise."""
    main([str(tmp_path), *WORDS])
    before = contents(tmp_path)
    capsys.readouterr()
    main([str(tmp_path), "--orders", "100", "--today", today, *more])
    said = capsys.readouterr().out
    assert (said == f"{tmp_path}: kept the data of {DAY}\n", contents(tmp_path) == before) == (kept, kept)


def test_data_without_its_marker_is_made_again(tmp_path: Path) -> None:
    """A run that was stopped in the middle left it out."""
    main([str(tmp_path), *WORDS])
    (tmp_path / "generated.json").unlink()
    main([str(tmp_path), *WORDS, "--reuse-days", "10"])
    assert sorted(contents(tmp_path)) == ["customers.csv", "generated.json", "transactions.csv"]


def test_data_of_an_older_version_is_made_again_for_its_own_day(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Models read columns that it lacks; its orders stay as they were pushed."""
    main([str(tmp_path), *WORDS])
    before = contents(tmp_path)
    lines = before["customers.csv"].decode().splitlines(keepends=True)
    (tmp_path / "customers.csv").write_text(lines[0].replace(",idfa,aaid", "") + "".join(lines[1:]), "utf-8")
    capsys.readouterr()
    main([str(tmp_path), "--orders", "100", "--today", "2026-11-25", "--reuse-days", "10"])
    assert contents(tmp_path) == before
    assert capsys.readouterr().out.endswith(f" customers, up to {DAY}\n")


def test_a_changed_generator_is_a_visible_change() -> None:
    """The demo's numbers in the documentation come from these bytes."""
    made = make_files(today=date(2026, 11, 20))
    digests = {name: hashlib.sha256(content).hexdigest()[:12] for name, content in made.items()}
    assert digests == {
        "customers.csv": "5767e3a724d8",
        "generated.json": "b16b04fa0de5",
        "transactions.csv": "8d5a588b1687",
    }


def test_too_few_orders_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """There would be no room for every defect."""
    with pytest.raises(SystemExit) as caught:
        main([str(tmp_path / "shop"), "--orders", "99"])
    assert caught.value.code == 2
    assert "--orders must be at least 100" in capsys.readouterr().err
    assert not (tmp_path / "shop").exists()
