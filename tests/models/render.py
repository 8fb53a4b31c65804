"""Renders macros and models with Jinja alone, so that these tests need no other part of the project."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import yaml
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

ROOT = Path(__file__).resolve().parents[2]
STARTED_AT = datetime(2026, 11, 23, 6, 10, tzinfo=UTC)


class CompilerError(Exception):
    """What dbt's raise_compiler_error raises."""


class _Returned(Exception):
    """Carries what dbt's return() gives out of a macro."""


def _return(value: Any) -> None:
    raise _Returned(value)


def _returning(macro: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return macro(*args, **kwargs)
        except _Returned as returned:
            return returned.args[0]

    return call


class Exceptions:
    """The part of dbt's `exceptions` that the macros use."""

    def raise_compiler_error(self, message: str) -> None:
        """Stop rendering."""
        raise CompilerError(message)


def _no_config(**_: Any) -> str:
    return ""


class Renderer:
    """The project's Jinja with stubs for what dbt provides.

    Attributes:
        vars: Variables of dbt_project.yml, overlaid with those given.
        data: Folder that takes the place of `data/retail` in external locations.
    """

    def __init__(self, *, data: Path | None = None, **overrides: Any) -> None:
        project = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))
        self.vars = {**project["vars"], **overrides}
        self.data = data
        self._environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
        known = self._environment.globals
        known |= {
            "var": self._var,
            "config": _no_config,
            "exceptions": Exceptions(),
            "ref": '"{}"'.format,
            "source": self._source,
            "run_started_at": STARTED_AT,
            "return": _return,
        }
        for path in sorted((ROOT / "macros").rglob("*.sql")):
            template = self._environment.from_string(path.read_text(encoding="utf-8"))
            macros = vars(template.make_module(known, shared=True)).items()
            known |= {name: _returning(macro) if callable(macro) else macro for name, macro in macros}

    def _var(self, name: str, default: Any = None) -> Any:
        return self.vars.get(name, default)

    def _source(self, source: str, table: str) -> str:
        path = ROOT / "models" / "staging" / source / f"_{source}__sources.yml"
        (declared,) = yaml.safe_load(path.read_text(encoding="utf-8"))["sources"]
        location = str(declared["config"]["meta"]["external_location"]).format(name=table)
        return location if self.data is None else location.replace("data/retail", str(self.data))

    def text(self, source: str) -> str:
        """Render one piece of SQL."""
        return self._environment.from_string(source).render()

    def model(self, name: str) -> str:
        """Render one model by name."""
        (path,) = (ROOT / "models").rglob(f"{name}.sql")
        return self.text(path.read_text(encoding="utf-8"))


def model_order() -> list[str]:
    """Return the models' names, each after those it reads."""
    reads = {
        path.stem: re.findall(r"ref\('(\w+)'\)", path.read_text(encoding="utf-8"))
        for path in sorted((ROOT / "models").rglob("*.sql"))
    }
    ordered: list[str] = []
    while len(ordered) < len(reads):
        ordered += [name for name, parents in reads.items() if name not in ordered and set(parents) <= set(ordered)]
    return ordered


def build(renderer: Renderer) -> duckdb.DuckDBPyConnection:
    """Create every model in a fresh database, as a table of its own name."""
    connection = duckdb.connect()
    for name in model_order():
        connection.execute(f'create table "{name}" as {renderer.model(name)}')
    return connection


@cache
def _connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": 1})


def evaluate(expression: str, **columns: Sequence[str | None]) -> list[Any]:
    """Return an expression's value for every row of the columns, in order."""
    unnested = ", ".join(f"unnest(${name}::varchar[]) as {name}" for name in columns)
    count = len(next(iter(columns.values())))
    found = _connection().execute(
        f"select {expression} from (select {unnested}, unnest(range($n)) as n) as given order by n",
        {**{name: list(values) for name, values in columns.items()}, "n": count},
    )
    return [value for (value,) in found.fetchall()]


def rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    """Return a query's rows by column name."""
    cursor = connection.execute(sql)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
