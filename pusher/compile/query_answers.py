"""What `run_query()` gives to a template: rows, reached as agate's tables reach them in dbt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

MOST_ROWS = 10_000
MOST_CHARS = 1_000_000


class NeedsWarehouse(Exception):
    """A template asks a query while no warehouse is open; it is rendered again, with `execute` false."""

    def __init__(self) -> None:
        super().__init__("run_query() needs a warehouse, which is not open here")


@dataclass(frozen=True, slots=True)
class AskedQuery:
    """A query that a template asks.

    Attributes:
        model: The model that is rendered.
        sql: The query as the engine runs it.
        analysis_sql: The same with sources as stub tables, for checks without data.
    """

    model: str
    sql: str
    analysis_sql: str


class Named:
    """Values in an order, each also by a name: a row, or the columns of a table.

    Args:
        names: The names.
        values: As many values.
    """

    def __init__(self, names: Sequence[str], values: Sequence[Any]) -> None:
        self._names, self._values = tuple(names), tuple(values)

    def __getitem__(self, key: int | str | slice) -> Any:
        """Return a value by its place or its name."""
        return self._values[self._names.index(key) if isinstance(key, str) and key in self._names else key]  # type: ignore[index]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def values(self) -> tuple[Any, ...]:
        """Return the values."""
        return self._values

    def keys(self) -> tuple[str, ...]:
        """Return the names."""
        return self._names

    def items(self) -> list[tuple[str, Any]]:
        """Return names and values."""
        return list(zip(self._names, self._values, strict=True))

    def dict(self) -> dict[str, Any]:
        """Return the values by name."""
        return dict(self.items())

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value by its name, or something else."""
        return self[key] if key in self._names else default


class Column(Named):
    """One column.

    Args:
        name: Its name.
        index: Its place.
        values: Its values, row by row.
    """

    def __init__(self, name: str, index: int, values: Sequence[Any]) -> None:
        super().__init__((), values)
        self.name, self.index = name, index

    def values_distinct(self) -> tuple[Any, ...]:
        """Return each value once, in the order of the rows."""
        return tuple(dict.fromkeys(self._values))

    def values_without_nulls(self) -> tuple[Any, ...]:
        """Return the values that are not NULL."""
        return tuple(value for value in self._values if value is not None)


class Table:
    """The rows of a query.

    Args:
        names: Names of the columns.
        rows: Values of each row.
    """

    def __init__(self, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        self.column_names = tuple(names)
        self.rows = tuple(Named(names, row) for row in rows)
        by_column = zip(*rows, strict=True) if rows else ((),) * len(names)
        columns = [Column(name, at, values) for at, (name, values) in enumerate(zip(names, by_column, strict=True))]
        self.columns = Named(names, columns)

    def __iter__(self) -> Iterator[Named]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, key: int) -> Named:
        """Return a row."""
        return self.rows[key]
