"""A throw-away runner of dbt projects: Jinja and DuckDB, nothing else. What a build cannot be much faster than.

    python -m benchmarks.runner PROJECT DATABASE

It runs in the project's folder, writes no artifact and no log, checks nothing, and knows only what the generated
projects use.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import jinja2
import yaml

Tests = list[tuple[str, str, str]]


def read_yaml(root: Path) -> tuple[dict[tuple[str, str], str], Tests]:
    """Return the sources with what to select from, and the data tests."""
    sources: dict[tuple[str, str], str] = {}
    tests: Tests = []
    for path in sorted((root / "models").rglob("*.yml")):
        found = yaml.safe_load(path.read_text("utf-8"))
        for source in found.get("sources", ()):
            for table in source["tables"]:
                location = source["meta"]["external_location"].replace("{name}", table["name"])
                sources[source["name"], table["name"]] = location
        for model in found.get("models", ()):
            for column in model["columns"]:
                tests += [(model["name"], column["name"], test) for test in column["data_tests"]]
    return sources, tests


class Runner:
    """One project in one database."""

    def __init__(self, root: Path, database: Path) -> None:
        self.sources, self.tests = read_yaml(root)
        # What it renders is SQL.
        self.environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701
        self.texts = {path.stem: path.read_text("utf-8") for path in sorted((root / "models").rglob("*.sql"))}
        self.connection = duckdb.connect(str(database), config={"threads": 1})
        self.schema = f'"{database.stem}"."main"'
        self.done: set[str] = set()

    def render(self, name: str) -> tuple[str, Mapping[str, Any], list[str]]:
        """Return a model's SQL, its configuration and the models that it reads."""
        config: dict[str, Any] = {}
        refs: list[str] = []

        def ref(model: str) -> str:
            refs.append(model)
            return f'{self.schema}."{model}"'

        def configure(**given: Any) -> str:
            config.update(given)
            return ""

        words = {
            "config": configure,
            "ref": ref,
            "source": lambda source, table: self.sources[source, table],
            "is_incremental": lambda: False,
            "this": f'{self.schema}."{name}"',
        }
        return self.environment.from_string(self.texts[name]).render(words), config, refs

    def build(self, name: str) -> None:
        """Create a model's relation after those that it reads."""
        if name in self.done:
            return
        self.done.add(name)
        sql, config, refs = self.render(name)
        for upstream in refs:
            self.build(upstream)
        kind = "view" if config.get("materialized", "view") == "view" else "table"
        self.connection.execute(f'create or replace {kind} {self.schema}."{name}" as {sql}')

    def failures(self, model: str, column: str, test: str) -> int:
        """Return the rows that a data test finds."""
        wrong = f"where {column} is null" if test == "not_null" else f"group by {column} having count(*) > 1"
        sql = f'select count(*) from (select 1 from {self.schema}."{model}" {wrong})'
        ((found,),) = self.connection.execute(sql).fetchall()
        return int(found)


def main(root: Path, database: Path) -> int:
    """Build the project and run its tests; returns how many of them found something."""
    runner = Runner(root, database)
    for name in runner.texts:
        runner.build(name)
    failed = sum(runner.failures(*test) > 0 for test in runner.tests)
    runner.connection.close()
    return failed


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), Path(sys.argv[2])))
