"""Identifiers that stand in too many rows of a view to be one person's: how they are found, counted and told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pusher.config import SharedLimits
from pusher.payload.casts import as_text
from pusher.payload.reasons import Reason
from pusher.payload.row_warnings import RowWarning
from pusher.payload.sql import identifier, literal
from pusher.payload.types import SqlType
from pusher.plural import counted

CODE = "shared-identifier"
MOST_DIGESTS = 1_000
"""Of one column; the commonest are taken."""
BUCKETS = 1 << 18
_DIGEST_LENGTH = 64


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
            return f"case when list_contains([{known}], {_one_spelling(given, type_)}) then 1 else 0 end"
        is_known = f"list_contains([{known}], {_one_spelling('d', type_.item or type_)})"
        return f"coalesce(len(list_filter({given}, lambda d: {is_known})), 0)"

    @property
    def warning(self) -> RowWarning:
        """What is said about a row that is sent."""
        digests = counted(len(self.digests), "digest")
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


def _one_spelling(digest: str, type_: SqlType) -> str:
    """Return a digest as a request has it: capitals and blanks around it make it no other."""
    return f"lower(trim({as_text(digest, type_)}))"


def _list_of(column: str, type_: SqlType) -> str:
    return (
        f"coalesce({column}, [])"
        if type_.family == "list"
        else f"case when {column} is null then [] else [{column}] end"
    )


def _bucket_of(digest: str, type_: SqlType) -> str:
    """Return the expression for the bucket of a digest: all its spellings are in the same one."""
    text = as_text(digest, type_)
    # Nearly every value has the 64 characters of a digest and no blank to trim, which costs more than all the rest.
    spelling = f"case strlen({text}) when {_DIGEST_LENGTH} then lower({text}) else {_one_spelling(digest, type_)} end"
    return f"cast(hash({spelling}) % {BUCKETS} as integer)"


def bucket_counts_sql(columns: Sequence[tuple[str, SqlType]], relation: str, limits: SharedLimits) -> str:
    """Return the query for the buckets of digests that have too many rows, and for the rows of the view.

    A digest is in the bucket of its hash, so whatever is in too many rows is in one of these; the buckets fit into
    memory, however many digests there are. The view is read once for all columns.

    Args:
        columns: Quoted name and type of each identifying column, as the view gives it.
        relation: The view.
        limits: Thresholds.

    Returns:
        SQL with the columns place (of the identifying column; -1 for the rows of the view), bucket and rows.
    """
    read, buckets = ["true as one"], ["one"]
    if any(type_.family == "list" for _, type_ in columns):
        # Lists are taken apart side by side; the last of them lets no row vanish that has none.
        read = [f"unnest({_list_of(column, type_)}) as d{place}" for place, (column, type_) in enumerate(columns)]
        read.append("unnest([true]) as one")
    else:
        read += [f"{column} as d{place}" for place, (column, _) in enumerate(columns)]
    for place, (_, type_) in enumerate(columns):
        bucket = _bucket_of(f"d{place}", type_.item or type_)
        buckets.append(f"case when d{place} is not null then {bucket} end as b{place}")
    names = [f"b{place}" for place in range(len(columns))]
    every = (1 << len(names)) - 1
    # One bit for each column that a set leaves out, the first column's the highest.
    places = " ".join(f"when {every - (1 << place)} then {len(names) - 1 - place}" for place in range(len(names)))
    least = f"least({limits.most_rows + 1}, greatest({limits.rows}, cast(floor({limits.share} * rows) as bigint) + 1))"
    return (
        f"with counted as (select grouping({', '.join(names)}) as chosen, coalesce({', '.join(names)}) as bucket, "
        f"count(*) as n, count(one) as rows from (select {', '.join(buckets)} from "
        f"(select {', '.join(read)} from {relation}) as given) as hashed "
        f"group by grouping sets ({', '.join(f'({name})' for name in names)}, ())) "
        f"select case chosen {places} else -1 end, coalesce(bucket, -1), case chosen when {every} then rows else n end "
        f"from counted where chosen = {every} or "
        f"(bucket is not null and n >= (select {least} from counted where chosen = {every}))"
    )


def common_digests_sql(
    typed: str, column: str, type_: SqlType, relation: str, *, buckets: Sequence[int], too_many: int
) -> str:
    """Return the query for the digests in too many of the rows that some buckets have, the commonest first.

    Args:
        typed: Expression of the cleaned digests.
        column: Quoted name of the column as the view gives it.
        type_: Its type.
        relation: The view.
        buckets: The buckets.
        too_many: Fewest rows that are too many.
    """
    listed = ", ".join(str(int(one)) for one in buckets)
    given = f"list_transform({_list_of(column, type_)}, lambda d: {_bucket_of('d', type_.item or type_)})"
    rows = f"select * from {relation} where list_has_any({given}, [{listed}])"
    digests = f"select unnest({_list_of(typed, type_)}) as d from ({rows}) as rows"
    return (
        f"select d, count(*) from ({digests}) as given group by d having count(*) >= {int(too_many)} "
        f"order by 2 desc, d limit {MOST_DIGESTS}"
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
