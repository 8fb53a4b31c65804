"""Which columns YAML declares to be unique, by the data tests that a build runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pusher.compile import ColumnDoc
from pusher.compile.model import WrittenTest

_COMBINATION = "unique_combination_of_columns"


def _counts(test: WrittenTest) -> bool:
    """Whether a test looks at all rows, and runs."""
    return "where" not in test.config and test.config.get("enabled", True) is not False


def is_always_given(column: ColumnDoc) -> bool:
    """Whether a test says that no row is without a value in a column."""
    return any(test.name == "not_null" and _counts(test) for test in column.data_tests)


def declared_keys(columns: Iterable[ColumnDoc], tests: Sequence[WrittenTest]) -> list[tuple[str, ...]]:
    """Return the columns, or sets of columns, that tests say no two rows have in common."""
    found: list[tuple[str, ...]] = [
        (column.name,) for column in columns for test in column.data_tests if test.name == "unique" and _counts(test)
    ]
    for test in tests:
        named = test.arguments.get("combination_of_columns")
        if test.name.rpartition(".")[2] == _COMBINATION and isinstance(named, list) and _counts(test):
            found.append(tuple(str(name) for name in named))
    return found
