"""What functions do to a value. A function that stands in no table passes on everything of its arguments."""

from __future__ import annotations

from sqlglot import exp

# The result tells yes or no, a count or a position: an identifier cannot be read from it.
REVEALS_NOTHING: tuple[type[exp.Expr], ...] = (
    exp.Predicate, exp.Connector, exp.Not, exp.Count, exp.CountIf, exp.ApproxDistinct, exp.Length, exp.ArraySize,
    exp.StartsWith, exp.EndsWith, exp.Contains, exp.StrPosition, exp.RowNumber, exp.Rank, exp.DenseRank, exp.Ntile,
    exp.PercentRank, exp.CumeDist, exp.LogicalAnd, exp.LogicalOr, exp.GroupingId, exp.Grouping,
)  # fmt: skip
REVEALS_NOTHING_BY_NAME = frozenset({
    "strlen", "bit_length", "octet_length", "prefix", "suffix", "isnull", "list_unique", "array_unique", "list_has_any",
    "list_has_all", "array_has_any", "array_has_all", "list_position", "array_position", "cardinality", "isnan",
    "json_valid", "json_array_length", "length_grapheme", "ascii_only",
})  # fmt: skip
# Of these, a number of rows, or whether there is a value, tells nothing of one row's identifier.
COUNTS: tuple[type[exp.Expr], ...] = (
    exp.Count, exp.CountIf, exp.ApproxDistinct, exp.RowNumber, exp.Rank, exp.DenseRank, exp.Ntile, exp.PercentRank,
    exp.CumeDist, exp.GroupingId, exp.Grouping,
)  # fmt: skip
COUNTS_BY_NAME = frozenset({"isnull"})

# The result is the argument, or one element of it: constants and fields stay known.
PASSES_ON: tuple[type[exp.Expr], ...] = (
    exp.Paren, exp.Min, exp.Max, exp.First, exp.Last, exp.AnyValue, exp.ArrayAgg, exp.FirstValue, exp.LastValue,
    exp.Mode, exp.ArraySort, exp.ArrayDistinct, exp.Explode, exp.IgnoreNulls, exp.RespectNulls, exp.Distinct,
    exp.Collate, exp.Try, exp.Flatten, exp.ArgMax, exp.ArgMin, exp.Lag, exp.Lead, exp.NthValue, exp.Nullif, exp.Filter,
    exp.Order, exp.Ordered, exp.Window, exp.ArrayFilter, exp.ArrayReverse, exp.ArrayUniqueAgg,
)  # fmt: skip
PASSES_ON_BY_NAME = frozenset({
    "list_first", "list_last", "list_extract", "list_element", "array_extract", "list_reverse_sort", "list_reverse",
    "arbitrary", "array_slice", "list_slice", "list_resize", "list_grade_up",
})  # fmt: skip
# Of these, later arguments or conditions decide which value is taken, and are not part of it.
FIRST_ARGUMENT_ONLY: tuple[type[exp.Expr], ...] = (
    exp.ArgMax, exp.ArgMin, exp.Nullif, exp.Filter, exp.Order, exp.Ordered, exp.Window, exp.Collate, exp.NthValue,
)  # fmt: skip

# One of the arguments, and nothing else.
ONE_OF: tuple[type[exp.Expr], ...] = (exp.Coalesce, exp.Array, exp.ArrayConcat, exp.Greatest, exp.Least)
ONE_OF_BY_NAME = frozenset(
    {"list_value", "list_append", "list_prepend", "array_append", "array_prepend", "error_if_null"}
)

WEAK_HASHES: tuple[type[exp.Expr], ...] = (exp.MD5, exp.MD5Digest, exp.SHA, exp.SHA1Digest)
WEAK_HASHES_BY_NAME = frozenset({
    "hash", "md5_number", "md5_number_upper", "md5_number_lower", "sha1", "crc32", "murmur3_32", "xxhash64", "xxh64",
})  # fmt: skip

# Rows become one list or text, in the order in which threads deliver them.
LISTS: tuple[type[exp.Expr], ...] = (exp.ArrayAgg, exp.GroupConcat, exp.JSONArrayAgg)
LISTS_BY_NAME = frozenset({"json_group_array"})
# The order of a list does not show in the result.
SORTS: tuple[type[exp.Expr], ...] = (exp.ArraySort, exp.ArraySum, exp.ArrayMin, exp.ArrayMax, exp.Explode)
SORTS_BY_NAME = frozenset({
    "list_reverse_sort", "array_reverse_sort", "list_grade_up", "list_sum", "list_avg", "list_min", "list_max",
    "list_median", "list_mode", "list_aggregate", "array_aggregate", "list_aggr", "list_bool_and", "list_bool_or",
})  # fmt: skip

LOWERS: tuple[type[exp.Expr], ...] = (exp.Lower,)
STRIPS: tuple[type[exp.Expr], ...] = (exp.Trim, exp.RegexpReplace, exp.Replace, exp.Translate, exp.RegexpExtract)

CLOCKS: tuple[type[exp.Expr], ...] = (
    exp.CurrentTimestamp, exp.CurrentDate, exp.CurrentTime, exp.CurrentDatetime, exp.Localtimestamp, exp.Localtime,
)  # fmt: skip
CLOCKS_BY_NAME = frozenset({
    "now", "today", "get_current_timestamp", "get_current_time", "transaction_timestamp", "current_localtime",
    "current_localtimestamp", "statement_timestamp", "clock_timestamp",
})  # fmt: skip
CHANCE: tuple[type[exp.Expr], ...] = (exp.Rand, exp.Randn, exp.Uuid)
CHANCE_BY_NAME = frozenset(
    {"random", "uuidv4", "uuidv7", "gen_random_uuid", "nextval", "setseed", "currval", "txid_current"}
)
# Text becomes a time without zone.
READS_TIME_BY_NAME = frozenset({"try_strptime"})
# timezone('Europe/Berlin', t) is t AT TIME ZONE 'Europe/Berlin'.
CONVERTS_BY_NAME = frozenset({"timezone"})
# A list becomes rows.
MAKES_ROWS: tuple[type[exp.Expr], ...] = (exp.Explode, exp.Unnest)
MAKES_ROWS_BY_NAME = frozenset({"unlist", "unnest", "generate_subscripts", "regexp_split_to_table"})
# `x = any([1, 2])` compares with many values.
_QUANTIFIED: tuple[type[exp.Expr], ...] = (exp.Any, exp.All)
_QUANTIFIED_BY_NAME = frozenset({"any", "all", "some"})
_OF_OTHER_ROWS: tuple[type[exp.Expr], ...] = (exp.Query, exp.Window, exp.AggFunc, exp.PositionalColumn, exp.Columns)
NUMBERS_ROWS: tuple[type[exp.Expr], ...] = (exp.RowNumber, exp.Ntile)
PLACES_ROWS: tuple[type[exp.Expr], ...] = (*NUMBERS_ROWS, exp.Rank, exp.DenseRank)


def function_name(node: exp.Expr) -> str:
    """Return a function's lower-case name."""
    if isinstance(node, exp.Anonymous):
        return node.name.lower()
    if isinstance(node, exp.SHA):
        return "sha1"
    if isinstance(node, exp.Rand):
        return "random"
    return node.sql_name().lower() if isinstance(node, exp.Func) else node.key


def is_a(node: exp.Expr, classes: tuple[type[exp.Expr], ...], names: frozenset[str] = frozenset()) -> bool:
    """Whether a node is one of these functions, by class or, when sqlglot has none, by name."""
    return isinstance(node, classes) or (isinstance(node, exp.Anonymous) and node.name.lower() in names)


def tells_nothing(node: exp.Expr) -> bool:
    """Whether a function counts rows, or asks only whether there is a value."""
    is_test = isinstance(node, exp.Is) and isinstance(node.expression, exp.Null)
    return is_test or is_a(node, COUNTS, COUNTS_BY_NAME)


def makes_rows(node: exp.Expr) -> bool:
    """Whether a function of the select list makes several rows of one."""
    return is_a(node, MAKES_ROWS, MAKES_ROWS_BY_NAME)


def is_one_value(node: exp.Expr) -> bool:
    """Whether an expression has one value where its columns have: nothing by chance, of other rows or of a list."""
    return not any(
        isinstance(one, _OF_OTHER_ROWS)
        or is_a(one, _QUANTIFIED, _QUANTIFIED_BY_NAME)
        or makes_rows(one)
        or instability(one) == "chance"
        for one in node.walk()
    )


def is_over_rows(node: exp.Expr) -> bool:
    """Whether an expression goes into a function over many rows of its query."""
    around = node.find_ancestor(exp.AggFunc, exp.Window, exp.Anonymous, exp.Query)
    return around is not None and not isinstance(around, exp.Query)


def only_removes(node: exp.Expr) -> bool:
    """Whether a function that cleans a text takes characters away and puts none in their place."""
    if isinstance(node, exp.Trim):
        return True
    replacement = node.args.get("replacement")
    is_replace = isinstance(node, exp.RegexpReplace | exp.Replace)
    return is_replace and isinstance(replacement, exp.Literal) and replacement.this == ""


def instability(node: exp.Expr) -> str | None:
    """Return `clock` or `chance` for a function that differs from run to run."""
    if is_a(node, CLOCKS, CLOCKS_BY_NAME) or _is_age_of_today(node):
        return "clock"
    return "chance" if is_a(node, CHANCE, CHANCE_BY_NAME) else None


def _is_age_of_today(node: exp.Expr) -> bool:
    return isinstance(node, exp.Anonymous) and node.name.lower() == "age" and len(node.expressions) == 1
