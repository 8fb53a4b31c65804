"""Columns of a relation as templates see them, through `adapter.get_columns_in_relation()`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pusher.payload.sql import identifier

_TEXT = re.compile(r"varchar|char|bpchar|text|string", re.IGNORECASE)
_WHOLE = re.compile(r"u?(?:tiny|small|big|huge)?int(?:eger)?", re.IGNORECASE)
_FRACTION = re.compile(r"float|double|real", re.IGNORECASE)
_EXACT = re.compile(r"(?:decimal|numeric)(?:\(.*\))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RelationColumn:
    """One column.

    Attributes:
        name: Its name.
        data_type: Its type, in DuckDB's spelling.
    """

    name: str
    data_type: str

    @property
    def column(self) -> str:
        """The name, as older macros spell it."""
        return self.name

    @property
    def dtype(self) -> str:
        """The type, as older macros spell it."""
        return self.data_type

    @property
    def quoted(self) -> str:
        """The name in quotes."""
        return identifier(self.name)

    def is_string(self) -> bool:
        """Whether it holds text."""
        return _TEXT.fullmatch(self.data_type) is not None

    def is_integer(self) -> bool:
        """Whether it holds whole numbers."""
        return _WHOLE.fullmatch(self.data_type) is not None

    def is_float(self) -> bool:
        """Whether it holds binary fractions."""
        return _FRACTION.fullmatch(self.data_type) is not None

    def is_numeric(self) -> bool:
        """Whether it holds decimal numbers."""
        return _EXACT.fullmatch(self.data_type) is not None

    def is_number(self) -> bool:
        """Whether it holds numbers of any kind."""
        return self.is_integer() or self.is_float() or self.is_numeric()
