"""Looks in a view for identifiers that are nobody's own."""

from __future__ import annotations

from collections.abc import Mapping

from pusher.config import SharedLimits
from pusher.contracts import Engine
from pusher.payload.checks import RowChecks
from pusher.payload.shared import Shared, common_digests_sql, common_hashes_sql
from pusher.payload.types import SqlType


def find_shared(
    engine: Engine, checks: RowChecks, columns: Mapping[str, SqlType], relation: str, limits: SharedLimits
) -> tuple[Shared, ...]:
    """Return the digests of each identifying column that stand in too many rows.

    Raises:
        EngineError: The view fails.
    """
    found = []
    total = int(engine.rows(f"select count(*) from {relation}")[0][0])
    too_many = limits.too_many(total)
    for name in checks.payload.identity if total >= too_many else ():
        field = checks.fields.get(name)
        if field is None or not field.holds_digests:
            continue
        given = next(column for column in columns if column in field.names)
        typed, type_ = checks.typed[name], columns[given]
        if type_.family == "null":
            continue
        hashes = [int(row[0]) for row in engine.rows(common_hashes_sql(typed, type_, relation, too_many))]
        if not hashes:
            continue
        counted = engine.rows(common_digests_sql(typed, type_, relation, hashes))
        # Two digests may have one hash.
        shared = {str(digest): int(rows) for digest, rows in counted if int(rows) >= too_many}
        if shared:
            dropped = limits.action == "drop"
            found.append(Shared(name, tuple(shared), max(shared.values()), total, dropped))
    return tuple(found)
