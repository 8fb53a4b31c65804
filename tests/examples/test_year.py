"""A dozen mornings of the year with small data: everything goes wrong once, and everything is accounted for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from examples.complete_journey import year_checks
from examples.complete_journey.tills import Basket, Tills
from examples.complete_journey.year import FIRST, Calendar, Year, describe, main, run_year
from examples.complete_journey.year_checks import Money, Pushed
from tests.examples.support import write_data

DAYS = 12
BASKETS_A_DAY = 30
PRODUCTS = (1001, 1002, 1003)


def _write(folder: Path) -> None:
    random = Random(7)  # noqa: S311 -- the same data each time
    baskets: list[tuple[tuple[Any, ...], ...]] = []
    for number in range(DAYS * BASKETS_A_DAY):
        bought = FIRST - timedelta(hours=23) + timedelta(days=number // BASKETS_A_DAY, minutes=random.randrange(1_380))
        lines = [
            (product, random.randint(1, 3), random.randint(1, 2_000) / 100)
            for product in random.sample(PRODUCTS, random.randint(1, 3))
        ]
        baskets.append(((10_000 + number, random.randint(1, 50), f"{bought:%Y-%m-%d %H:%M:%S}"), *lines))
    write_data(folder, baskets, surveyed=range(1, 26))


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Year:
    """Live through the mornings once."""
    folder = tmp_path_factory.mktemp("year")
    _write(folder / "data")
    return run_year(folder / "data", folder / "work", days=DAYS, late=60)


def test_every_basket_of_a_rough_year_is_accounted_for(year: Year) -> None:
    """Late lines, a skipped morning, one that ran twice, two crashes and days without a server: nothing is wrong."""
    assert year.problems == []
    assert year.money.closes
    assert min(*year.lateness, year.money.counted, year.money.no_identity, year.money.conflicting) > 0
    ran = [pushed.at for pushed in year.pushes]
    calendar = Calendar.of(DAYS)
    assert ran == sorted(
        [*(at for at in calendar.mornings if at != calendar.skipped), calendar.twice, calendar.mornings[-1]]
    )
    assert [pushed.at for pushed in year.pushes if pushed.follows_crash] == list(calendar.crashes)
    assert [pushed.at for pushed in year.pushes if pushed.exit_code == year_checks.INCOMPLETE] == list(calendar.refused)
    assert len(year.rows_at_risk) == len(calendar.crashes)


def test_what_happened_is_told(year: Year) -> None:
    """The sums that are printed are those of the year."""
    first, *_ = describe(year).splitlines()
    assert first == "11 mornings, 3 of them without a server"


def test_too_few_mornings_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """With fewer than twelve mornings the events would meet."""
    with pytest.raises(SystemExit):
        main(["--days", "11"])
    assert "--days must be 12 at least" in capsys.readouterr().err


def test_a_year_has_one_week_without_a_server() -> None:
    """The events of a full year do not meet."""
    calendar = Calendar.of(366)
    special = {calendar.skipped, calendar.twice, *calendar.crashes, *calendar.refused}
    assert (len(special), len(calendar.refused), calendar.refused[-1] - calendar.refused[0]) == (
        11,
        7,
        timedelta(days=6),
    )


def test_lines_are_late_as_the_seed_says(tmp_path: Path) -> None:
    """The same seed gives the same late lines, and a basket's value before and after them."""
    _write(tmp_path / "data")
    mornings = Calendar.of(DAYS).mornings

    def expected(seed: int) -> dict[datetime, dict[str, int]]:
        tills = Tills(tmp_path / "data", until=mornings[-1], seed=seed, late=60)
        found = tills.expect(mornings)
        tills.close()
        return found

    assert expected(1) == expected(1) != expected(2)


# The checker finds what is wrong.

SENT = Basket("a", is_identified=True, was_seen=True, cents_then=1_000, cents=1_250)
UNKNOWN = Basket("b", is_identified=False, was_seen=True, cents_then=500, cents=500)


@pytest.mark.parametrize(
    "counted",
    [
        pytest.param({}, id="lost"),
        pytest.param({"a": (2, 1_000)}, id="counted twice"),
        pytest.param({"a": (1, 1_250)}, id="with another value"),
        pytest.param({"a": (1, 1_000), "b": (1, 500)}, id="sent without an identity"),
        pytest.param({"a": (1, 1_000), "c": (1, 1)}, id="nobody's event"),
    ],
)
def test_a_wrong_count_is_found(counted: Mapping[str, tuple[int, int]]) -> None:
    """Each basket counts once with the value that it had, and no other event does."""
    assert list(year_checks.wrong_baskets([SENT, UNKNOWN], {"a": (1, 1_000)})) == []
    assert len(list(year_checks.wrong_baskets([SENT, UNKNOWN], counted))) == 1


@pytest.mark.parametrize("basket", [replace(SENT, event_id=None), replace(SENT, was_seen=False)])
def test_a_basket_that_no_view_had_is_found(basket: Basket) -> None:
    """A basket cannot be missing without a word."""
    assert len(list(year_checks.wrong_baskets([basket], {"a": (1, 1_000)} if basket.event_id else {}))) == 1


def test_a_cent_too_much_is_found() -> None:
    """The parts of the year's revenue add up to the cent."""
    money = year_checks.money([SENT, UNKNOWN], {"a": (1, 1_000)})
    assert (money, money.closes) == (Money(1_750, 1_000, 500, 250), True)
    assert not replace(money, counted=1_001).closes
    with pytest.raises(ValueError, match=r"0\.005 is not in cents"):
        year_checks.cents_of("0.005")


LINES = {"view_rows": 9, "no_identity": 1, "planned": 5, "conflicting": 1, "already_sent": 2, "new_conflicts": 1}
LINES["cents"] = 900
VIEW: dict[str, Any] = {
    **LINES,
    **dict.fromkeys(("enriched", "duplicate", "invalid", "expired", "suppressed", "dead", "parked"), 0),
    "revenue": {"USD": {"warehouse": "9.00", "by_term": {"planned": "8.00", "no_identity": "1.00"}}},
}
PUSHED = Pushed(FIRST, is_first=True, follows_crash=False, is_refused=False, view=VIEW, exit_code=1, seconds=0.1)
AGAIN = {"planned": 0, "already_sent": 7, "new_conflicts": 0}


@pytest.mark.parametrize(
    ("pushed", "wrong"),
    [
        pytest.param(PUSHED, 0, id="as it should be"),
        pytest.param(replace(PUSHED, exit_code=0), 1, id="conflicts and exit code 0"),
        pytest.param(replace(PUSHED, is_refused=True, exit_code=4), 0, id="no server"),
        pytest.param(replace(PUSHED, is_refused=True), 1, id="no server and exit code 1"),
        pytest.param(replace(PUSHED, view={**VIEW, "planned": 4, "dead": 1}), 1, id="a term"),
        pytest.param(replace(PUSHED, is_first=False, view={**VIEW, **AGAIN}, exit_code=0), 0, id="again"),
        pytest.param(replace(PUSHED, is_first=False), 1, id="again, and planned again"),
        pytest.param(replace(PUSHED, follows_crash=True, view={**VIEW, **AGAIN}, exit_code=0), 0, id="after a crash"),
        pytest.param(replace(PUSHED, follows_crash=True, view={**VIEW, "planned": 4}), 1, id="lost in a crash"),
    ],
)
def test_a_wrong_receipt_is_found(pushed: Pushed, wrong: int) -> None:
    """Each term, sum and exit code is held against the lines."""
    assert len(list(year_checks.wrong_receipts([pushed], {FIRST: LINES}))) == wrong
