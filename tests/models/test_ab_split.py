"""The split of an experiment: the same for ever, in the shares that were asked for, and its own for each experiment."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.models.render import CompilerError, Renderer, evaluate

MACROS = Renderer()
HALVES = {"best": 1, "full": 1}
KEYS_OF_DIGITS = ["1", "42", "9007199254740993"]
GOLDEN_OF_TWO = ["best", "best", "best", "best", "full", "full", "best", "best", "full"]
GOLDEN_OF_THREE = ["a", "b", "b", "b", "b", "b", "b", "b", "a"]
KEYS = [f"C-{number:05d}" for number in range(20_000)]


def sql(experiment: str, groups: Mapping[str, object], key: str = "text") -> str:
    """Return the macro's SQL."""
    return MACROS.text(f"{{{{ ab_split('{key}', {experiment!r}, {dict(groups)!r}) }}}}")


def split(keys: Sequence[str | None], experiment: str, groups: Mapping[str, object]) -> list[str | None]:
    """Return the group of each key."""
    return evaluate(sql(experiment, groups), text=keys)


def by_hand(key: str, experiment: str, groups: Mapping[str, int]) -> str:
    """Return the group of a key by arithmetic instead of comparing texts."""
    number = int(hashlib.sha256(f"v1:{len(experiment)}:{experiment}:{key}".encode()).hexdigest()[:8], 16)
    below = 0
    for group, weight in groups.items():
        below += weight
        if number < below * 2**32 // sum(groups.values()):
            return group
    raise AssertionError(number)


def test_the_groups_of_known_customers_never_change() -> None:
    """Golden values: a change of any of them would move customers of running experiments."""
    keys = ["C-00001", "C-00002", "C-00003", "C-00004", "C-00005", "C-00006", "42", "é", ""]
    assert split(keys, "best_or_full", HALVES) == GOLDEN_OF_TWO
    assert split(keys, "holdout 2026", {"control": 1, "a": 2, "b": 7}) == GOLDEN_OF_THREE


def test_a_whole_number_has_the_group_of_its_digits() -> None:
    """A key may be a number in one table and text in another."""
    numbers = evaluate(sql("x", HALVES, "cast(text as bigint)"), text=KEYS_OF_DIGITS)
    assert numbers == split(KEYS_OF_DIGITS, "x", HALVES)


def test_nobody_has_no_group() -> None:
    """A NULL key is in none, rather than all of them in one."""
    assert split([None], "best_or_full", HALVES) == [None]


@pytest.mark.parametrize(
    "groups", [HALVES, {"control": 1, "treated": 9}, {"a": 1, "b": 1, "c": 1}, {"a": 5, "b": 3, "c": 2}]
)
def test_shares_are_those_of_the_weights(groups: dict[str, int]) -> None:
    """Of 20,000 customers, within four standard deviations."""
    counted = Counter(split(KEYS, "shares", groups))
    for group, weight in groups.items():
        share = weight / sum(groups.values())
        deviation = (len(KEYS) * share * (1 - share)) ** 0.5
        assert abs(counted[group] - len(KEYS) * share) < 4 * deviation, (group, counted)


def test_two_experiments_are_independent() -> None:
    """Who is in one group of the first is in each group of the second as often as anybody."""
    pairs = Counter(zip(split(KEYS, "first", HALVES), split(KEYS, "second", HALVES), strict=True))
    assert len(pairs) == 4
    assert all(abs(count - len(KEYS) / 4) < 4 * (len(KEYS) * 3 / 16) ** 0.5 for count in pairs.values()), pairs


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.text(max_size=12), min_size=1, max_size=30),
    st.text("abc '_:é", min_size=1, max_size=8),
    st.dictionaries(st.text("abc'é", min_size=1, max_size=4), st.integers(1, 10**6), min_size=2, max_size=5),
)
def test_any_split_is_the_one_by_hand(keys: list[str], experiment: str, groups: dict[str, int]) -> None:
    """Whatever the names hold, text compares as the numbers do."""
    usable = [key.replace("\x00", "") for key in keys]
    assert split(usable, experiment, groups) == [by_hand(key, experiment, groups) for key in usable]


@pytest.mark.parametrize(
    ("experiment", "groups", "message"),
    [
        ("x", {"a": 1}, "ab_split needs the name of an experiment and two groups or more"),
        ("", HALVES, "ab_split needs the name of an experiment and two groups or more"),
        ("x", {"a": 0, "b": 1}, "A weight of ab_split is a whole number above 0, not 0"),
        ("x", {"a": 0.5, "b": 0.5}, "A weight of ab_split is a whole number above 0, not 0.5"),
        ("x", {"a": True, "b": 1}, "A weight of ab_split is a whole number above 0, not True"),
    ],
)
def test_what_splits_nobody_is_refused(experiment: str, groups: dict[str, object], message: str) -> None:
    """A misspelt weight must not become a group of its own size."""
    with pytest.raises(CompilerError) as caught:
        sql(experiment, groups)
    assert str(caught.value) == message
