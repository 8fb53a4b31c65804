"""Macros of dbt_utils that ask the warehouse while a model renders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pusher.compile.query_answers import Table


def macros(run_query: Callable[[Any], Table | None]) -> dict[str, Callable[..., Any]]:
    """Return the macros by name.

    Args:
        run_query: dbt's word; gives nothing while no warehouse is open.
    """

    def get_column_values(  # noqa: PLR0917 -- dbt_utils' signature
        table: Any,
        column: str,
        order_by: str = "count(*) desc",
        max_records: int | None = None,
        default: Any = None,
        where: str | None = None,
    ) -> Any:
        condition = "" if where is None else f"\nwhere {where}"
        limit = "" if max_records is None else f"\nlimit {max_records}"
        sql = f"select {column} as value\nfrom {table}{condition}\ngroup by {column}\norder by {order_by}{limit}"
        found = run_query(sql)
        return list(found.columns[0].values()) if found else default or []

    def get_single_value(sql_statement: Any, default: Any = None) -> Any:
        found = run_query(sql_statement)
        value = found.columns[0].values()[0] if found else None
        return default if value is None else value

    def get_query_results_as_dict(query: Any) -> dict[str, tuple[Any, ...]]:
        found = run_query(query)
        return {} if found is None else {column.name: column.values() for column in found.columns}

    return {
        "get_column_values": get_column_values,
        "get_single_value": get_single_value,
        "get_query_results_as_dict": get_query_results_as_dict,
    }
