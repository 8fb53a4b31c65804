"""Functions whose answer depends on their arguments and on nothing else: not on the moment, the session or chance."""

from __future__ import annotations

from collections.abc import Iterable

from pusher.engines.duckdb.reading import FILE_READERS
from pusher.payload.sql import literal

# DuckDB calls these the same within a query only, because of a time zone, which is a setting and locked.
_OF_TIME_ZONE = frozenset(
    {
        "+", "-", "century", "date_diff", "date_part", "date_sub", "date_trunc", "datediff", "datepart", "datesub",
        "datetrunc", "day", "dayname", "dayofmonth", "dayofweek", "dayofyear", "decade", "era", "generate_series",
        "hour", "isodow", "isoyear", "julian", "last_day", "make_timestamptz", "microsecond", "millennium",
        "millisecond", "minute", "month", "monthname", "quarter", "range", "second", "strftime", "time_bucket",
        "timezone", "timezone_hour", "timezone_minute", "week", "weekday", "weekofyear", "year", "yearweek",
    }
)  # fmt: skip
# It says nothing about these, which are macros of its own, made of functions that are settled, and about unnest.
_MADE_OF_SETTLED = frozenset(
    {
        "array_append", "array_pop_back", "array_pop_front", "array_prepend", "array_push_back", "array_push_front",
        "array_reverse", "array_to_string", "date_add", "days_in_month", "fdiv", "generate_subscripts", "geomean",
        "geometric_mean", "if", "json", "json_group_array", "json_group_object", "list_append", "list_avg",
        "list_bit_and", "list_bit_or", "list_bit_xor", "list_bool_and", "list_bool_or", "list_count", "list_first",
        "list_last", "list_max", "list_median", "list_min", "list_mode", "list_prepend", "list_product",
        "list_reverse", "list_string_agg", "list_sum", "map_contains_entry", "map_contains_value", "md5_number_lower",
        "md5_number_upper", "nullif", "regexp_split_to_table", "split_part", "unnest", "wavg", "weighted_avg",
    }
)  # fmt: skip
# Those that choose by chance, and one that looks at tables.
_NEVER = frozenset({"approx_quantile", "approx_top_k", "json_serialize_plan", "reservoir_quantile"})


def settled_sql(names: Iterable[str]) -> str:
    """Return the query for those of some functions that are settled; readers are, as long as their files are the same.

    A function of that name which somebody made hides DuckDB's own, or stands beside it.
    """
    reviewed = ", ".join(map(literal, sorted(_OF_TIME_ZONE | _MADE_OF_SETTLED | FILE_READERS)))
    asked = ", ".join(map(literal, sorted(set(names) - _NEVER)))
    return (
        "select function_name from duckdb_functions() "
        f"where lower(function_name) in ({asked or 'null'}) group by function_name "
        "having bool_and(internal) and (bool_and(coalesce(stability, '') = 'CONSISTENT') "
        f"or function_name in ({reviewed}))"
    )
