"""A warehouse with four lines, one of them without a word and one without a parent that exists."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pusher.engines.duckdb import DuckDBEngine
from tests.builds.data_tests.project import ROWS


@pytest.fixture(name="warehouse")
def _warehouse(tmp_path: Path) -> Iterator[DuckDBEngine]:
    engine = DuckDBEngine.open(tmp_path / "shop.duckdb")
    engine.execute(f"create table lines as select * from (values {ROWS}) as lines (id, word, parent)")
    yield engine
    engine.close()
