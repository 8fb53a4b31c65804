"""One database in memory for all tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pusher.engines.duckdb import DuckDBEngine
from tests.payload.warehouse import Warehouse


@pytest.fixture(scope="module")
def warehouse() -> Iterator[Warehouse]:
    """Return an empty warehouse."""
    engine = DuckDBEngine.in_memory()
    yield Warehouse(engine)
    engine.close()
