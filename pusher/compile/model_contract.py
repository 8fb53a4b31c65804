"""An enforced contract of a model: `contract: {enforced: true}` and the columns of its YAML."""

from __future__ import annotations

from collections.abc import Sequence

from pusher.compile.model import ColumnDoc, Model
from pusher.config import suggest
from pusher.contracts import Column, Engine, EngineError
from pusher.errors import Problem
from pusher.payload.sql import identifier


def is_enforced(model: Model) -> bool:
    """Return whether the columns of a model have to be those of its YAML."""
    contract = model.config.get("contract")
    return bool(contract.get("enforced")) if isinstance(contract, dict) else False


def broken_contract(engine: Engine, model: Model, columns: Sequence[Column]) -> list[Problem]:
    """Return in what a model's columns are not those of its contract, if it is enforced.

    Args:
        engine: Knows the types.
        model: The model.
        columns: What its SQL gives.
    """
    if not is_enforced(model):
        return []
    file, line = model.patch or (model.path, 1)
    if not model.columns:
        fix = "List its columns with data_type under `columns:` of its YAML."
        return [Problem("contract", f"`{model.name}` has an enforced contract without columns.", file, line, 1, fix)]
    given = {column.name.lower(): column for column in columns}
    problems = []
    for doc in model.columns.values():
        problem = _about(engine, model, doc, given)
        if problem is not None:
            problems.append(Problem("contract", problem[0], file, doc.line or line, 1, problem[1]))
    known = {name.lower() for name in model.columns}
    for column in columns:
        if column.name.lower() not in known:
            message = f"`{column.name}` is selected and is not in the contract of `{model.name}`."
            fix = f"Add it with data_type: {column.type.lower()}, or do not select it."
            problems.append(Problem("contract", message, file, line, 1, fix))
    return problems


def _about(engine: Engine, model: Model, doc: ColumnDoc, given: dict[str, Column]) -> tuple[str, str] | None:
    found = given.get(doc.name.lower())
    if found is None:
        near = suggest(doc.name, [column.name for column in given.values()])
        fix = f"Did you mean `{near}`?" if near else "Select it, or remove it from the contract."
        return f"`{doc.name}` is in the contract of `{model.name}` and is not selected.", fix
    if doc.data_type is None:
        message = f"`{doc.name}` has no data_type, and the contract of `{model.name}` is enforced."
        return message, f"Write data_type: {found.type.lower()}."
    try:
        wanted = engine.columns(f"select cast(null as {doc.data_type}) as wanted")[0].type
    except EngineError:
        return f"`{doc.data_type}` is not a type of column `{doc.name}`.", f"Write data_type: {found.type.lower()}."
    if wanted == found.type:
        return None
    message = f"`{doc.name}` is {found.type}, and the contract of `{model.name}` says {wanted}."
    return message, f"Cast it to {wanted}, or correct the contract."


def in_order(model: Model, columns: Sequence[Column]) -> list[Column]:
    """Return the columns of a model as its relation has them: a table in the order of the contract."""
    if not is_enforced(model) or not model.has_rows:
        return list(columns)
    places = {name.lower(): place for place, name in enumerate(model.columns)}
    return sorted(columns, key=lambda column: places.get(column.name.lower(), len(places)))


def ordered(model: Model, sql: str) -> str:
    """Return the query of a table with its columns in the order of the contract, as dbt creates it."""
    if not is_enforced(model) or not model.has_rows:
        return sql
    return f"select {', '.join(identifier(name) for name in model.columns)} from (\n{sql}\n) as contract"
