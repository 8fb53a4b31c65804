"""The statements that add new rows to a table, in order, for one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pusher.contracts import Addition
from pusher.payload.sql import identifier

# Lives in this connection only, and goes with it.
NEW_ROWS = "temp.main.pusher_new_rows"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(identifier(name) for name in names)


def _same_key(addition: Addition) -> str:
    # As in dbt, NULL is like nothing, so that a row without a key is always added.
    return " and ".join(f"old.{identifier(name)} = new.{identifier(name)}" for name in addition.unique_key)


def repeated_keys(addition: Addition) -> str:
    """Return the query that counts the keys which more than one new row has."""
    keys = _listed(addition.unique_key)
    known = " and ".join(f"{identifier(name)} is not null" for name in addition.unique_key)
    return f"select count(*) from (select {keys} from {NEW_ROWS} where {known} group by {keys} having count(*) > 1)"


def statements(relation: str, addition: Addition) -> Iterator[str]:
    """Yield what makes the table fit and takes the new rows in."""
    for column in addition.add:
        yield f"alter table {relation} add column {identifier(column.name)} {column.type}"
    for name in addition.drop:
        yield f"alter table {relation} drop column {identifier(name)}"
    for column in addition.retype:
        yield f"alter table {relation} alter column {identifier(column.name)} set data type {column.type}"
    columns = _listed(addition.columns)
    if addition.strategy == "merge":
        yield _merge(relation, addition, columns)
        return
    if addition.strategy == "delete+insert":
        yield f"delete from {relation} as old using {NEW_ROWS} as new where {_same_key(addition)}"
    yield f"insert into {relation} ({columns}) select {columns} from {NEW_ROWS}"


def _merge(relation: str, addition: Addition, columns: str) -> str:
    key = {name.lower() for name in addition.unique_key}
    changes = [f"{identifier(one)} = new.{identifier(one)}" for one in addition.columns if one.lower() not in key]
    update = f" when matched then update set {', '.join(changes)}" if changes else ""
    values = ", ".join(f"new.{identifier(name)}" for name in addition.columns)
    return (
        f"merge into {relation} as old using {NEW_ROWS} as new on {_same_key(addition)}{update} "
        f"when not matched then insert ({columns}) values ({values})"
    )
