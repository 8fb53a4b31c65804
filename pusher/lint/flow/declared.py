"""Which columns are unique, and which are never empty, by the data tests that stop a build."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from pusher.compile import DataTest, SourceKey

_COMBINATION = "unique_combination_of_columns"
# With one of these a test leaves rows out, or lets some rows that are wrong pass.
_LOOSENS = ("where", "warn_if", "error_if", "fail_calc")

Subject = str | SourceKey
"""A model or seed by its name, or a source."""


class Declared:
    """What data tests say about the columns of models and sources.

    Args:
        tests: Those that are enabled.
    """

    def __init__(self, tests: Iterable[DataTest]) -> None:
        self._tests: dict[Subject, list[DataTest]] = defaultdict(list)
        for test in tests:
            subject = test.model or test.source
            if subject is not None and _stops_a_build(test):
                self._tests[subject].append(test)

    def keys(self, subject: Subject) -> list[tuple[str, ...]]:
        """Return the columns, or sets of columns, that no two rows have in common."""
        found: list[tuple[str, ...]] = []
        for test in self._tests.get(subject, ()):
            names = test.arguments.get("combination_of_columns")
            if test.kind == "unique":
                found.append((_column_of(test),))
            elif test.kind.rpartition(".")[2] == _COMBINATION and isinstance(names, list) and names:
                found.append(tuple(str(name) for name in names))
        return found

    def always_given(self, subject: Subject) -> frozenset[str]:
        """Return the columns, in lower case, that no row is without a value of."""
        tests = self._tests.get(subject, ())
        return frozenset(_column_of(test).lower() for test in tests if test.kind == "not_null")


def _stops_a_build(test: DataTest) -> bool:
    """Whether nothing is built on rows of which any is wrong."""
    return test.severity == "error" and not any(test.config.get(key) for key in _LOOSENS)


def _column_of(test: DataTest) -> str:
    return test.column or str(test.arguments.get("column_name", ""))
