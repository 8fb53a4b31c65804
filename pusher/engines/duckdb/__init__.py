"""DuckDB in this process."""

from __future__ import annotations

from pusher.engines.duckdb.engine import DuckDBEngine
from pusher.engines.duckdb.interrupt import interrupt

__all__ = ["DuckDBEngine", "interrupt"]
