"""DuckDB in this process."""

from __future__ import annotations

from pusher.engines.duckdb.engine import DuckDBEngine

__all__ = ["DuckDBEngine"]
