"""Looks in a view for identifiers that are nobody's own."""

from __future__ import annotations

from collections.abc import Mapping

from pusher.config import SharedLimits
from pusher.contracts import Engine
from pusher.payload.checks import RowChecks
from pusher.payload.shared import Shared, bucket_counts_sql, common_digests_sql
from pusher.payload.sql import identifier
from pusher.payload.types import SqlType


def find_shared(
    engine: Engine, checks: RowChecks, columns: Mapping[str, SqlType], relation: str, limits: SharedLimits
) -> tuple[Shared, ...]:
    """Return the digests of each identifying column that stand in too many rows.

    Raises:
        EngineError: The view fails.
    """
    given: dict[str, tuple[str, SqlType]] = {}
    for name in checks.payload.identity:
        field = checks.fields.get(name)
        if field is None or not field.holds_digests:
            continue
        column = next(column for column in columns if column in field.names)
        if columns[column].family != "null":
            given[name] = identifier(column), columns[column]
    if not given:
        return ()
    total = 0
    buckets: dict[str, list[int]] = {name: [] for name in given}
    for place, bucket, rows in engine.rows(bucket_counts_sql(list(given.values()), relation, limits)):
        if place < 0:
            total = int(rows)
        else:
            buckets[list(given)[place]].append(int(bucket))
    found: list[Shared] = []
    too_many = limits.too_many(total)
    for name, (column, type_) in given.items():
        if not buckets[name]:
            continue
        sql = common_digests_sql(checks.typed[name], column, type_, relation, buckets=buckets[name], too_many=too_many)
        shared = {str(digest): int(rows) for digest, rows in engine.rows(sql)}
        # Several digests may share a bucket.
        if shared:
            dropped = limits.action == "drop"
            found.append(Shared(name, tuple(shared), max(shared.values()), total, dropped))
    return tuple(found)
