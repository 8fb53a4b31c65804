"""Identifiers that stand in too many rows of a view to be one person's: how they are found, counted and told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pusher.payload.casts import as_text
from pusher.payload.reasons import Reason
from pusher.payload.row_warnings import RowWarning
from pusher.payload.sql import identifier, literal
from pusher.payload.types import SqlType

CODE = "shared-identifier"
MOST_DIGESTS = 1_000
"""Of one column; the commonest are taken."""


@dataclass(frozen=True, slots=True)
class Shared:
    """Digests of one column that are nobody's own.

    Attributes:
        column: The contract's column.
        digests: The digests, the commonest first.
        most: Rows that hold the commonest.
        total: Rows of the view.
        is_dropped: They are left out of their rows.
    """

    column: str
    digests: tuple[str, ...]
    most: int
    total: int
    is_dropped: bool

    @property
    def count_name(self) -> str:
        """Name of the typed column that counts them in a row."""
        return f"_shared_{self.column}"

    def count_sql(self, given: str, type_: SqlType) -> str:
        """Return the expression that counts them among a row's identifiers, as the view gives them."""
        known = ", ".join(literal(digest) for digest in self.digests)
        if type_.family != "list":
            return f"case when list_contains([{known}], lower(trim({as_text(given, type_)}))) then 1 else 0 end"
        item = f"lower(trim({as_text('d', type_.item or type_)}))"
        return f"coalesce(len(list_filter({given}, lambda d: list_contains([{known}], {item}))), 0)"

    @property
    def warning(self) -> RowWarning:
        """What is said about a row that is sent."""
        digests = "1 digest" if len(self.digests) == 1 else f"{len(self.digests):,} digests"
        fate = "left out" if self.is_dropped else "sent all the same"
        return RowWarning(
            CODE,
            self.column,
            f"{digests} of {self.column} with up to {self.most:,} of the view's {self.total:,} rows each: a "
            f"placeholder or the shop's own, {fate}.",
            f"Find it with: select {self.column}, count(*) ... group by all order by 2 desc. Leave it out in the "
            "model; raise identity.shared in pusher.yml when it is a customer's.",
            f"{self.count_name} > 0",
        )


def shared_reason(shared: Sequence[Shared], nothing: str) -> Reason:
    """Return the reason against a row that has no other identifiers.

    Args:
        shared: Columns with such digests.
        nothing: The condition that a row has no identifier left.
    """
    held = " or ".join(f"{one.count_name} > 0" for one in shared)
    return Reason(
        CODE,
        shared[0].column,
        "invalid",
        "Every identifier of the row stands in too many rows to be one person's.",
        "Leave it out in the model when it is a placeholder; raise identity.shared in pusher.yml when it is not.",
        f"({held}) and {nothing}",
    )


def _digests_of(column: str, type_: SqlType) -> str:
    return f"unnest({column})" if type_.family == "list" else column


def common_hashes_sql(typed: str, type_: SqlType, relation: str, least: int) -> str:
    """Return the query for the hashes of digests in at least so many rows: numbers are counted faster than texts."""
    given = f"select {_digests_of(typed, type_)} as d from {relation}"
    return (
        f"select hash(d) from ({given}) as given where d is not null group by hash(d) having count(*) >= {int(least)}"
    )


def common_digests_sql(typed: str, type_: SqlType, relation: str, hashes: Sequence[int]) -> str:
    """Return the query for the digests behind hashes, with the number of their rows, the commonest first."""
    given = f"select {_digests_of(typed, type_)} as d from {relation}"
    listed = ", ".join(f"{int(one)}::ubigint" for one in hashes)
    return (
        f"select d, count(*) from ({given}) as given where list_contains([{listed}], hash(d)) "
        f"group by d order by 2 desc, d limit {MOST_DIGESTS}"
    )


def junk_with(junk: Mapping[str, str], shared: Sequence[Shared]) -> dict[str, str]:
    """Return the digests that identify nobody, with those that are to be dropped."""
    return {**junk, **{digest: CODE for one in shared if one.is_dropped for digest in one.digests}}


def count_columns(shared: Sequence[Shared], columns: Mapping[str, tuple[str, SqlType]]) -> dict[str, str]:
    """Return the counting expressions by name.

    Args:
        shared: Columns with such digests.
        columns: Contract column to the name and type of what the view gives.
    """
    return {one.count_name: one.count_sql(identifier(columns[one.column][0]), columns[one.column][1]) for one in shared}
