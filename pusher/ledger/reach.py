"""Whom audience views can reach: people, by which identifiers, and how far two views reach the same people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Any

from pusher.ledger.barred import Barred
from pusher.ledger.members import KEY, create_suppressed, named_in, same, with_connection


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom one view can reach; a row with a suppressed identifier is left out.

    Attributes:
        people: Rows with at least one identifier.
        identifiers: Identifiers, each once.
        people_by_kind: People who have an identifier of a kind.
        also_in: For each other view, people who share an identifier with somebody in it.
    """

    people: int
    identifiers: int
    people_by_kind: Mapping[str, int]
    also_in: Mapping[str, int]


def reach(
    views: Mapping[str, tuple[Sequence[Path], Mapping[str, bool]]],
    *,
    kinds: Sequence[str],
    suppressed: Barred,
    folder: Path,
) -> dict[str, Reach]:
    """Count whom views can reach.

    Args:
        views: By name, the rows of a view as files, and its kinds of identifier as `named_in` takes them.
        kinds: All kinds of identifier.
        suppressed: Identifiers that must not be in an audience.
        folder: For spilled data.

    Raises:
        StateError: Disk or memory ran out.
    """

    def count(connection: Any) -> dict[str, Reach]:
        create_suppressed(connection, suppressed, kinds)
        for place, (files, schemas) in enumerate(views.values()):
            connection.execute(
                f"create temp table view_{place} as with named as ({named_in(files, schemas, kinds)}) "
                "select * from named where place not in (select place from named "
                f"where exists (select 1 from suppressed where {same('suppressed', 'named')}))"
            )
        shared: dict[str, dict[str, int]] = {name: {} for name in views}
        for (place, name), (other_place, other) in permutations(enumerate(views), 2):
            shared[name][other] = _value(
                connection,
                f"select count(distinct place) from view_{place} as mine where exists "
                f"(select 1 from view_{other_place} as theirs where {same('theirs', 'mine')})",
            )
        return {
            name: Reach(
                people=_value(connection, f"select count(distinct place) from view_{place}"),
                identifiers=_value(connection, f"select count(*) from (select distinct {KEY} from view_{place})"),
                people_by_kind={
                    kind: _value(
                        connection,
                        f"select count(distinct place) from view_{place} where kind = {kinds.index(kind)}",
                    )
                    for kind in schemas
                },
                also_in=shared[name],
            )
            for place, (name, (_, schemas)) in enumerate(views.items())
        }

    return with_connection(folder, count)


def _value(connection: Any, sql: str) -> int:
    return int(connection.execute(sql).fetchone()[0])
