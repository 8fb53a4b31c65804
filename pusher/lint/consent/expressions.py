"""From an expression to what it may be in a world."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sqlglot import exp

from pusher.lint.consent.comparisons import Words, compared, matched
from pusher.lint.consent.names import Names
from pusher.lint.consent.rows import Rows, Scope, of_others
from pusher.lint.consent.worlds import (
    ANY,
    ANYTHING,
    FALSE,
    HARMLESS,
    NO,
    NOTHING,
    NULL,
    POSITIVE,
    SOME,
    TRUE,
    UNKNOWN_TRUTH,
    YES,
    Token,
    Tokens,
    World,
    both,
    fact,
    literal,
    negated,
    one_of,
    truth,
)
from pusher.lint.flow.functions import REVEALS_NOTHING

# The result is the argument, in another form that compares alike, or a row's value of one person's rows.
_SAME: tuple[type[exp.Expr], ...] = (
    exp.Paren, exp.Lower, exp.Upper, exp.Trim, exp.Collate, exp.Alias, exp.Max, exp.Min, exp.AnyValue, exp.First,
    exp.Last, exp.FirstValue, exp.LastValue, exp.ArgMax, exp.ArgMin, exp.Mode, exp.Order, exp.Ordered, exp.Distinct,
    exp.IgnoreNulls, exp.RespectNulls,
)  # fmt: skip
_SAME_BY_NAME = frozenset({"bool", "arbitrary", "strip_accents"})
_TRUTHS: tuple[type[exp.Expr], ...] = (exp.LogicalOr, exp.LogicalAnd)
_ORDERS: tuple[type[exp.Expr], ...] = (exp.GT, exp.GTE, exp.LT, exp.LTE)
# These make a value also of NULL.
_TAKES_NULL: tuple[type[exp.Expr], ...] = (
    exp.Concat, exp.ConcatWs, exp.Struct, exp.Array, exp.ArrayAgg, exp.JSONObject, exp.JSONArray, exp.ToMap, exp.Map,
    exp.PropertyEQ, exp.Kwarg,
)  # fmt: skip
_TAKES_NULL_BY_NAME = frozenset({
    "struct_pack", "list_value", "row", "json_object", "json_array", "to_json", "hash", "list_append", "list_prepend",
})  # fmt: skip
_IFS_BY_NAME = frozenset({"iff", "ifelse"})
_CONSTANT = frozenset({HARMLESS})
_ZERO = literal("0")

Query = Callable[[exp.Expr, Scope], Rows]


class Expressions(Names):
    """Reads the expressions of one model.

    Args:
        words: What says yes.
        query: Reads a subquery.
        is_linked: Whether a subquery is about the person of the rows around it.
    """

    def __init__(self, words: Words, query: Query, is_linked: Callable[[exp.Expr, Scope], bool]) -> None:
        super().__init__(words)
        self._query, self._is_linked = query, is_linked
        self._handlers: dict[type[exp.Expr], Callable[..., Tokens]] = {
            exp.And: self._and,
            exp.Any: self._any,
            exp.ArrayContains: self._contains,
            exp.ArrayFilter: self._list_filter,
            exp.Boolean: self._boolean,
            exp.Bracket: self._extract,
            exp.Case: self._case,
            exp.Cast: self._cast,
            exp.Coalesce: self._coalesce,
            exp.Column: self._column,
            exp.Comprehension: self._comprehension,
            exp.Count: self._count,
            exp.CountIf: self._count_if,
            exp.Dot: self._dot,
            exp.EQ: self._equal,
            exp.Exists: self._exists,
            exp.Filter: self._filter,
            exp.Identifier: self._identifier,
            exp.If: self._case,
            exp.In: self._in,
            exp.Is: self._is,
            exp.JSONExtract: self._json,
            exp.JSONExtractScalar: self._json,
            exp.Literal: self._literal,
            exp.NEQ: self._not_equal,
            exp.Not: self._not,
            exp.Null: lambda *_: frozenset({NULL}),
            exp.Nullif: self._nullif,
            exp.NullSafeEQ: self._same,
            exp.NullSafeNEQ: lambda *given: negated(self._same(*given)),
            exp.Or: self._or,
            exp.StructExtract: self._extract,
            exp.Sum: self._sum,
            exp.TryCast: self._cast,
            exp.Window: self._window,
        }

    def tokens(self, node: exp.Expr, scope: Scope, world: World) -> Tokens:
        """Return what an expression may be in a world."""
        # The node is kept so that no other one gets its number.
        known = scope.known.get((id(node), world))
        if known is None:
            known = scope.known[id(node), world] = (node, self._tokens(node, scope, world))
        return known[1]

    def _tokens(self, node: exp.Expr, scope: Scope, world: World) -> Tokens:
        handler = self._handlers.get(type(node))
        if handler is not None:
            return handler(node, scope, world)
        if isinstance(node, exp.Query):
            return self._scalar(node, scope, world)
        if isinstance(node, _SAME) or _is_named(node, _SAME_BY_NAME):
            first = node.this if isinstance(node.this, exp.Expr) else node.expressions[0]
            return self.tokens(first, scope, world)
        if isinstance(node, _TRUTHS):
            return truth(self.tokens(node.this, scope, world))
        if isinstance(node, _ORDERS):
            return self._order(node, scope, world)
        return self._function(node, scope, world)

    # -- constants and what passes them on

    def _literal(self, node: exp.Literal, _scope: Scope, _world: World) -> Tokens:
        return frozenset({literal(str(node.this))})

    def _boolean(self, node: exp.Boolean, _scope: Scope, _world: World) -> Tokens:
        return frozenset({TRUE if node.this else FALSE})

    def _cast(self, node: exp.Cast, scope: Scope, world: World) -> Tokens:
        found = self.tokens(node.this, scope, world)
        if node.to.this == exp.DataType.Type.BOOLEAN:
            plain = frozenset(one for one in found if one.kind == "literal")
            found = (found - plain) | truth(plain)
        is_try = isinstance(node, exp.TryCast) and not found <= {NULL, YES, TRUE, FALSE}
        return found | {NULL} if is_try else found

    def _coalesce(self, node: exp.Coalesce, scope: Scope, world: World) -> Tokens:
        found: Tokens = NOTHING
        for child in (node.this, *node.expressions):
            tokens = self.tokens(child, scope, world)
            found |= tokens - {NULL}
            if not tokens & {NULL, ANY, HARMLESS}:
                return found
        return found | {NULL}

    def _nullif(self, node: exp.Nullif, scope: Scope, world: World) -> Tokens:
        found = self.tokens(node.this, scope, world)
        kept: set[Token] = set()
        for token in found:
            same = compared(frozenset({token}), self.tokens(node.expression, scope, world), self._words)
            kept |= {NULL} if TRUE in same else set()
            kept |= {token} if same & {FALSE, NULL} else set()
        return frozenset(kept)

    def _case(self, node: exp.Expr, scope: Scope, world: World) -> Tokens:
        found: Tokens = NOTHING
        for case in node.args.get("ifs", [node]):
            subject = node.this if isinstance(node, exp.Case) else None
            condition = case.this if subject is None else exp.EQ(this=subject.copy(), expression=case.this.copy())
            holds = truth(self.tokens(condition, scope, world))
            if TRUE in holds:
                found |= self.tokens(case.args["true"], scope, world)
            if holds <= {TRUE}:
                return found
        default = node.args.get("default") or node.args.get("false")
        return found | (frozenset({NULL}) if default is None else self.tokens(default, scope, world))

    # -- conditions

    def _and(self, node: exp.And, scope: Scope, world: World) -> Tokens:
        return both(self.tokens(node.this, scope, world), self.tokens(node.expression, scope, world))

    def _or(self, node: exp.Or, scope: Scope, world: World) -> Tokens:
        return one_of(self.tokens(node.this, scope, world), self.tokens(node.expression, scope, world))

    def _not(self, node: exp.Not, scope: Scope, world: World) -> Tokens:
        return negated(self.tokens(node.this, scope, world))

    def _sides(self, node: exp.Expr, scope: Scope, world: World) -> tuple[Tokens, Tokens]:
        return self.tokens(node.this, scope, world), self.tokens(node.expression, scope, world)

    def _equal(self, node: exp.EQ, scope: Scope, world: World) -> Tokens:
        if isinstance(node.expression, exp.Any):
            listed = node.expression.this.unnest()
            if isinstance(listed, exp.Array):
                return self._is_in(node.this, listed.expressions, scope, world)
            if isinstance(listed, exp.Query):
                return self._in_query(node.this, listed, scope, world)
            return UNKNOWN_TRUTH
        return compared(*self._sides(node, scope, world), self._words)

    def _not_equal(self, node: exp.NEQ, scope: Scope, world: World) -> Tokens:
        return negated(compared(*self._sides(node, scope, world), self._words))

    def _same(self, node: exp.Expr, scope: Scope, world: World) -> Tokens:
        left, right = self._sides(node, scope, world)
        found: Tokens = NOTHING
        for one in left:
            for other in right:
                if NULL in (one, other):
                    other_one = other if one == NULL else one
                    is_open = other_one in {ANY, HARMLESS}
                    found |= UNKNOWN_TRUTH - {NULL} if is_open else {TRUE if other_one == NULL else FALSE}
                else:
                    same = compared(frozenset({one}), frozenset({other}), self._words)
                    found |= frozenset({TRUE, FALSE}) if NULL in same else same
        return found

    def _is(self, node: exp.Is, scope: Scope, world: World) -> Tokens:
        tokens = self.tokens(node.this, scope, world)
        if isinstance(node.expression, exp.Null):
            is_open = bool(tokens & {ANY, HARMLESS})
            found = {TRUE} if NULL in tokens or is_open else set()
            return frozenset(found | ({FALSE} if tokens - {NULL} else set()))
        if isinstance(node.expression, exp.Boolean):
            wanted = TRUE if node.expression.this else FALSE
            return frozenset(TRUE if one == wanted else FALSE for one in truth(tokens))
        return frozenset({TRUE, FALSE})

    def _order(self, node: exp.Expr, scope: Scope, world: World) -> Tokens:
        left, right = self._sides(node, scope, world)
        flips: dict[type[exp.Expr], type[exp.Expr]] = {
            exp.GT: exp.LT,
            exp.LT: exp.GT,
            exp.GTE: exp.LTE,
            exp.LTE: exp.GTE,
        }
        kind: type[exp.Expr] = type(node)
        if isinstance(node.this, exp.Literal):
            left, right, kind = right, left, flips[type(node)]
        found: Tokens = NOTHING
        for one in left:
            for other in right:
                found |= _above(one, other, kind)
        return found

    def _in(self, node: exp.In, scope: Scope, world: World) -> Tokens:
        query = node.args.get("query")
        if query is not None:
            return self._in_query(node.this, query, scope, world)
        field = node.args.get("field")
        if field is not None or node.args.get("unnest") is not None:
            return UNKNOWN_TRUTH
        listed = node.expressions
        if len(listed) == 1 and isinstance(listed[0].unnest(), exp.Array):
            listed = listed[0].unnest().expressions
        return self._is_in(node.this, listed, scope, world)

    def _is_in(self, value: exp.Expr, listed: Iterable[exp.Expr], scope: Scope, world: World) -> Tokens:
        """Return whether a value is one of several; a list of all that says yes is as good as the answer."""
        tokens = self.tokens(value, scope, world)
        found: Tokens = frozenset({FALSE})
        for one in listed:
            found = one_of(found, compared(tokens, self.tokens(one, scope, world), self._words))
        return found

    def _any(self, *_: object) -> Tokens:
        return UNKNOWN_TRUTH

    def _contains(self, node: exp.ArrayContains, scope: Scope, world: World) -> Tokens:
        if isinstance(node.this, exp.Array):
            return self._is_in(node.expression, node.this.expressions, scope, world)
        return self._missing(node, scope, world) or UNKNOWN_TRUTH

    # -- subqueries

    def _rows(self, node: exp.Expr, scope: Scope) -> Rows:
        rows = self._query(node, scope)
        return rows if self._is_linked(node, scope) else rows.of_others()

    def _scalar(self, node: exp.Expr, scope: Scope, world: World) -> Tokens:
        rows = self._rows(node, scope)
        found = next(iter(rows.columns.values()), rows.rest) or ANYTHING
        tokens = found.of(world) if world in rows.may else NOTHING
        return tokens if world in rows.must else tokens | {NULL}

    def _exists(self, node: exp.Exists, scope: Scope, world: World) -> Tokens:
        rows = self._rows(node.this, scope)
        found = {TRUE} if world in rows.may else set()
        return frozenset(found if world in rows.must else found | {FALSE})

    def _in_query(self, value: exp.Expr, query: exp.Expr, scope: Scope, world: World) -> Tokens:
        if value.find(exp.Column) is None:
            return UNKNOWN_TRUTH
        rows = self._query(query.unnest() if isinstance(query, exp.Subquery) else query, scope)
        found = {TRUE} if world in rows.may else set()
        return frozenset(found if world in rows.must else found | {FALSE})

    # -- functions over rows and lists

    def _count(self, node: exp.Count, scope: Scope, world: World) -> Tokens:
        if node.this is None or isinstance(node.this, exp.Star):
            return frozenset({POSITIVE})
        tokens = self.tokens(node.this, scope, world)
        found = {_ZERO} if tokens & {NULL, ANY, HARMLESS} else set()
        return frozenset(found | ({POSITIVE} if tokens - {NULL} else set()))

    def _count_if(self, node: exp.CountIf, scope: Scope, world: World) -> Tokens:
        holds = truth(self.tokens(node.this, scope, world))
        found = {POSITIVE} if TRUE in holds else set()
        return frozenset(found if holds <= {TRUE} else found | {_ZERO})

    def _sum(self, node: exp.Sum, scope: Scope, world: World) -> Tokens:
        tokens = self.tokens(node.this, scope, world)
        if tokens <= {_ZERO, NULL, literal("1"), TRUE, FALSE, YES, NO}:
            sums = {literal("1"): POSITIVE, TRUE: POSITIVE, YES: POSITIVE, FALSE: _ZERO, NO: _ZERO}
            return frozenset(sums.get(one, one) for one in tokens)
        return self._function(node, scope, world)

    def _filter(self, node: exp.Filter, scope: Scope, world: World) -> Tokens:
        holds = truth(self.tokens(node.expression.this, scope, world))
        empty = frozenset({_ZERO if node.find(exp.Count, exp.CountIf) is not None else NULL})
        found = self.tokens(node.this, scope, world) if TRUE in holds else NOTHING
        return found if holds <= {TRUE} else found | empty

    def _window(self, node: exp.Window, scope: Scope, world: World) -> Tokens:
        if _is_partitioned(node):
            return self.tokens(node.this, scope, world)
        # Rows of everybody go into it.
        return of_others(fact(lambda one: self.tokens(node.this, scope, one)), scope.may).of(world)

    def _list_filter(self, node: exp.ArrayFilter, scope: Scope, world: World) -> Tokens:
        elements = self.tokens(node.this, scope, world)
        kept = node.expression
        if not isinstance(kept, exp.Lambda):
            return elements
        element = fact(lambda one: self.tokens(node.this, scope, one))
        inner = scope.with_parameters({one.name.lower(): element for one in kept.expressions})
        return elements if TRUE in truth(self.tokens(kept.this, inner, world)) else _CONSTANT

    def _comprehension(self, node: exp.Comprehension, scope: Scope, world: World) -> Tokens:
        element = fact(lambda one: self.tokens(node.args["iterator"], scope, one))
        inner = scope.with_parameters({node.args["expression"].name.lower(): element})
        condition = node.args.get("condition")
        is_kept = condition is None or TRUE in truth(self.tokens(condition, inner, world))
        return self.tokens(node.this, inner, world) if is_kept else _CONSTANT

    def _missing(self, node: exp.Expr, scope: Scope, world: World) -> Tokens | None:
        """Return NULL where a function has nothing but NULL to work on."""
        given = [one for one in node.iter_expressions() if not isinstance(one, (exp.Literal, exp.Lambda, exp.DataType))]
        is_strict = not isinstance(node, _TAKES_NULL) and not _is_named(node, _TAKES_NULL_BY_NAME)
        tokens = [self.tokens(one, scope, world) for one in given]
        return frozenset({NULL}) if tokens and is_strict and all(one == {NULL} for one in tokens) else None

    def _function(self, node: exp.Expr, scope: Scope, world: World) -> Tokens:
        if _is_named(node, _IFS_BY_NAME) and len(node.expressions) == 3:  # noqa: PLR2004 -- condition, then, else
            condition, yes, no = node.expressions
            return self._case(exp.If(this=condition.copy(), true=yes.copy(), false=no.copy()), scope, world)
        found = matched(node, lambda one: self.tokens(one, scope, world), self._words)
        found = found or self._missing(node, scope, world)
        if found is not None:
            return found
        if isinstance(node, REVEALS_NOTHING):
            return UNKNOWN_TRUTH if isinstance(node, (exp.Predicate, exp.Connector)) else _CONSTANT
        children = [one for one in node.iter_expressions() if not isinstance(one, exp.Lambda)]
        given = [self.tokens(one, scope, world) for one in children]
        lambdas = [one for one in node.iter_expressions() if isinstance(one, exp.Lambda)]
        if lambdas:
            element = fact(lambda at: NOTHING.union(*(self.tokens(one, scope, at) for one in children)))
            for one in lambdas:
                inner = scope.with_parameters({name.name.lower(): element for name in one.expressions})
                given.append(self.tokens(one.this, inner, world))
            if isinstance(node, exp.Transform):
                given = given[len(children) :]
        whole = NOTHING.union(*given)
        return frozenset({ANY}) if whole & {ANY, SOME} else _CONSTANT


def _is_partitioned(node: exp.Window) -> bool:
    """Whether a window has the rows of one key; a window that is named is looked up."""
    name, select = node.args.get("alias"), node.find_ancestor(exp.Select)
    named = [one for one in (select.args.get("windows") or [] if select is not None else []) if one.name == str(name)]
    return bool(node.args.get("partition_by")) or any(one.args.get("partition_by") for one in named)


def _is_named(node: exp.Expr, names: frozenset[str]) -> bool:
    return isinstance(node, exp.Anonymous) and node.name.lower() in names


def _above(one: Token, other: Token, kind: type[exp.Expr]) -> Tokens:
    """Return whether a value is above, or below, a number."""
    if NULL in (one, other):
        return frozenset({NULL})
    one = {TRUE: POSITIVE, FALSE: _ZERO}.get(one, one)
    if one in {YES, NO, POSITIVE} and other == _ZERO and kind is exp.GT:
        return frozenset({FALSE if one == NO else TRUE})
    if one in {YES, NO, POSITIVE} and other == literal("1") and kind is exp.GTE:
        return frozenset({FALSE if one == NO else TRUE})
    if one == _ZERO and other in {_ZERO, literal("1")}:
        holds = (kind is exp.GTE and other == _ZERO) or (kind is exp.LT and other != _ZERO) or kind is exp.LTE
        return frozenset({TRUE if holds else FALSE})
    return UNKNOWN_TRUTH if one in {ANY, HARMLESS} or other in {ANY, HARMLESS} else frozenset({TRUE, FALSE})
