"""What tests of data tests share: a project with a table of orders, its YAML, and how its tests end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pusher.builds.data_tests import DataTestResult, run_tests
from pusher.builds.run import build
from pusher.builds.workers import Surroundings
from pusher.compile import Manifest
from pusher.engines.duckdb import DuckDBEngine
from pusher.progress import silent
from tests.builds.support import STILL
from tests.compile.support import compiled

SOURCES = """sources:
  - name: raw
    schema: main
    tables:
      - name: lines
        columns: [{name: id, data_type: integer}, {name: word, data_type: varchar}, {name: parent, data_type: integer}]
"""
ORDERS = "select id, word, parent from {{ source('raw', 'lines') }}"
ROWS = "(1, 'a', null), (2, 'b', 1), (2, null, 7), (3, 'c', 1)"


def project(root: Path, orders: str, **files: str) -> Manifest:
    """Return a project with a table `orders`, its YAML, and further files by name with `__` for a slash."""
    given = {name.replace("__", "/"): text for name, text in files.items()}
    return compiled(
        root,
        {
            "models/orders.sql": "{{ config(materialized='table') }}\n" + ORDERS,
            "models/s.yml": f"{SOURCES}models:\n  - name: orders\n{orders}",
            **{(name if "." in name else f"{name}.sql"): text for name, text in given.items()},
        },
    )


def on_column(column: str, tests: str) -> str:
    """Return the YAML of tests for one column."""
    return f"    columns:\n      - name: {column}\n        data_tests:\n{tests}"


def ends(tested: Sequence[DataTestResult]) -> list[tuple[str, str, int | None]]:
    """Return how tests ended."""
    return [(one.test.kind, one.status, one.failures) for one in tested]


def asked(manifest: Manifest, engine: DuckDBEngine) -> list[DataTestResult]:
    """Build the models, then run every test."""
    build(manifest, engine)
    return run_tests(manifest, manifest.tests.values(), Surroundings(engine, silent, STILL))


CHAIN = {
    "models__below": "select id from {{ ref('orders') }}",
    "models__side": "select 1 as one",
    "models__both": "select * from {{ ref('below') }}, {{ ref('side') }}",
}
