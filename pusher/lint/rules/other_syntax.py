"""PU802."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlglot import exp

from pusher.lint.rules.portability import Difference, PortabilityRule

_EXISTS = "where exists (select 1 from ... where ...), or not exists"
_COLUMNS = "the names of the columns"
# Whether a node has such a form, what other engines make of it, and what to write.
_FORMS: tuple[tuple[Callable[[exp.Expr], bool], str, str], ...] = (
    (
        lambda node: isinstance(node, exp.Join) and node.kind in {"SEMI", "ANTI"},
        "SEMI and ANTI are names of tables to PostgreSQL: an anti join gives the rows that it leaves out here.",
        _EXISTS,
    ),
    (
        lambda node: isinstance(node, exp.Join) and node.method in {"ASOF", "POSITIONAL"},
        "ASOF JOIN and POSITIONAL JOIN are DuckDB's own.",
        "row_number() over (partition by ... order by ...) = 1 in a subquery",
    ),
    (
        lambda node: isinstance(node, exp.Star) and any(node.args.get(key) for key in ("except_", "replace", "rename")),
        "A star with EXCLUDE, REPLACE or RENAME fails elsewhere, or gives its columns twice.",
        _COLUMNS,
    ),
    (lambda node: isinstance(node, exp.Columns), "COLUMNS() is DuckDB's own.", _COLUMNS),
    (
        lambda node: isinstance(node, exp.Like) and isinstance(node.this, exp.Star),
        "A star with LIKE is DuckDB's own.",
        _COLUMNS,
    ),
    (
        lambda node: isinstance(node, exp.Group) and bool(node.args.get("all")),
        "GROUP BY ALL is missing in PostgreSQL.",
        _COLUMNS,
    ),
    (
        lambda node: (
            isinstance(node, exp.Ordered) and isinstance(node.this, exp.Var) and node.this.name.upper() == "ALL"
        ),
        "ORDER BY ALL is missing in PostgreSQL.",
        _COLUMNS,
    ),
    (
        lambda node: isinstance(node, exp.SetOperation) and bool(node.args.get("by_name")),
        "UNION BY NAME fails elsewhere.",
        "the columns of both sides in the same order",
    ),
    (
        lambda node: isinstance(node, exp.Subquery) and isinstance(node.parent, exp.From | exp.Join) and not node.alias,
        "A subquery without a name fails in PostgreSQL.",
        "a name behind it: (select ...) as lines",
    ),
    (
        lambda node: isinstance(node, exp.Comprehension),
        "A list comprehension is DuckDB's own.",
        "list_transform(x, lambda one: ...)",
    ),
    (lambda node: isinstance(node, exp.Slice), "A slice in brackets is missing on Spark.", "substr(x, 1, 2) of a text"),
    (
        lambda node: isinstance(node, exp.Dot) and isinstance(node.expression, exp.Func),
        "A function behind a dot is DuckDB's own.",
        "the function around it: upper(x)",
    ),
    (lambda node: isinstance(node, exp.Pivot), "PIVOT and UNPIVOT have another form elsewhere.", "sum(case when ...)"),
    (lambda node: isinstance(node, exp.LimitOptions), "LIMIT with a share is DuckDB's own.", "a number of rows"),
    (lambda node: isinstance(node, exp.PositionalColumn), "A column by its position is DuckDB's own.", "its name"),
)


class OtherSyntax(PortabilityRule):
    """A clause has another meaning elsewhere, or none.

    ## What it does
    Finds SEMI and ANTI JOIN, stars that leave columns out, GROUP BY ALL, UNION BY NAME, aliases that are used in the
    same SELECT, subqueries without a name, and other forms that are DuckDB's own.

    ## Why is this bad
    PostgreSQL reads `orders anti join refunds using (order_id)` as a table that is called anti: it gives the rows that
    were to be left out, and no others. The other forms stop the build elsewhere.

    ## Example
    ```sql
    select order_id from orders anti join refunds using (order_id)
    ```

    ## Use instead
    ```sql
    select orders.order_id from orders
    where not exists (select 1 from refunds where refunds.order_id = orders.order_id)
    ```
    """

    code = "PU802"
    name = "portability.other-syntax"

    def differences(self, node: exp.Expr) -> Iterator[Difference]:
        """Yield forms of a table, and aliases that stand for an expression of the same SELECT."""
        for has_form, message, instead in _FORMS:
            if has_form(node):
                yield Difference(message, f"Write {instead}.")
        if isinstance(node, exp.Column) and _is_lateral(node):
            message = f"`{node.name}` stands for an expression of the same SELECT, which fails in PostgreSQL."
            yield Difference(message, "Repeat the expression, or name it in a subquery.")


def _is_lateral(column: exp.Column) -> bool:
    """Whether a column is an alias of the SELECT that it stands in, and not known to be a table's."""
    if column.table:
        return False
    select = column.find_ancestor(exp.Select)
    # GROUP BY and ORDER BY may name an alias everywhere.
    if select is None or column.find_ancestor(exp.Order, exp.Group, exp.Select) is not select:
        return False
    around = column.find_ancestor(exp.Alias)
    own = next((one for one in select.expressions if isinstance(one, exp.Alias) and one.alias == column.name), None)
    # `lower(sku) as sku` reads a column of that name, which wins over the alias.
    return own is not None and own is not around and all(read.name != column.name for read in own.find_all(exp.Column))
